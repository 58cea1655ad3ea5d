// 페이지의 한국어 문구. {자리}에는 값이 들어갑니다. 키는 en.js와 같습니다.

export const ko = {
  "page.title": "{name} – pellucid 신경망",
  "page.skip": "그림판으로 건너뛰기",
  "page.failed": "페이지를 시작하지 못했습니다: {reason}",
  "page.letters": "P, R, F 키로 신호 재생, 답 보기, 크게 보기",
  "page.licence":
    "테스트 숫자: MNIST, 저작권 Yann LeCun·Corinna Cortes, CC BY-SA 3.0 라이선스. 이 페이지는 외부 서버와 통신하지 않습니다.",
  "page.no-digits": "이 페이지는 외부 서버와 통신하지 않습니다.",
  "header.parameters": "파라미터 {count}개",
  "header.accuracy": "테스트 숫자 {rows}개 중 {accuracy} 정답",
  "header.trained": "여기서 학습한 신경망",
  "header.language": "English",
  "header.theme": "테마",
  "header.large": "크게 보기",
  "header.large.help": "교실용: 화면 전체에 크게 보여 줍니다(F 키)",
  "theme.system": "테마: 자동",
  "theme.light": "밝게",
  "theme.dark": "어둡게",
  "theme.contrast": "고대비",

  "pad.title": "숫자를 그려 보세요",
  "pad.title.picture": "그림을 그려 보세요",
  "pad.label":
    "{height} × {width} 픽셀 그림판. 포인터로 그리거나, 화살표 키로 움직이고 스페이스로 찍습니다. Shift와 화살표를 함께 누르면 선이 그려집니다.",
  "pad.cursor": "{row}행 {column}열: {value}",
  "pad.invite": "여기에 숫자를 그리세요",
  "pad.keys":
    "화살표 키로 움직이고, 스페이스로 점을 찍고, Shift와 화살표로 선을 긋습니다. E는 지우개, Delete는 모두 지우기입니다.",
  "pad.erase": "지우개",
  "pad.undo": "되돌리기",
  "pad.redo": "다시 하기",
  "pad.clear": "비우기",
  "pad.brightness": "밝기",
  "pad.centring": "MNIST처럼 가운데로",
  "pad.centring.help":
    "획이 있는 부분(점선 상자)을 잘라 20 × 20 픽셀에 맞추고, 무게중심(십자)이 28 × 28의 한가운데에 오도록 옮깁니다.",

  "pad.more": "설정과 다른 그림",

  "load.title": "테스트 숫자",
  "load.other": "다른 그림",
  "load.next": "다음 테스트 숫자",
  "load.next.short": "다음 숫자",
  "load.random": "무작위 테스트 숫자",
  "load.random.short": "무작위",
  "load.wrong": "다음 오답 테스트 숫자",
  "load.wrong.short": "오답",
  "load.noise": "잡음",
  "load.noise.short": "잡음",
  "load.image": "이미지 파일",
  "load.image.short": "이미지 파일",
  "load.none":
    "이 이미지에는 배경과 구별되는 것이 없습니다. 더 크거나 진한 숫자가 있는 이미지를 고르세요.",
  "load.unread":
    "이 파일은 이미지로 읽을 수 없습니다. PNG, JPEG 등 브라우저가 지원하는 형식을 고르세요.",
  "load.none-wrong": "신경망이 여기 있는 테스트 숫자를 모두 맞힙니다.",
  "load.digit": "테스트 숫자 {index}번(정답 {label})",
  "load.digit.unknown": "테스트 숫자 {index}번",
  "load.example": "예시: 테스트 숫자 {index}번(정답 {label}). 새로 그리면 지워집니다.",
  "load.number": "번호",
  "load.missing":
    "테스트 숫자 {index}번은 이 페이지에 없습니다. MNIST에서 20개마다 하나씩(0, 20, 40, …) {count}개가 들어 있습니다. pellucid " +
    "open에는 10,000개가 모두 있습니다.",
  "load.missing.server": "테스트 숫자 {index}번은 없습니다. 번호는 0부터 9,999까지입니다.",
  "load.noise.source": "무작위 잡음",
  "load.image.source": "이미지 파일",

  "answer.title": "답",
  "answer.empty": "그리면 보입니다",
  "answer.match": "일치도",
  "answer.match.of": "출력 뉴런 {label}의 값",
  "answer.match.help": "일치도일 뿐 확률이 아닙니다. 출력 뉴런은 서로 독립입니다.",
  "answer.probability": "확률",
  "answer.then": "2순위 {label} ({value})",
  "answer.right": "맞음 (정답 {label})",
  "answer.wrong": "틀림 (정답 {label})",
  "answer.none":
    "“어느 숫자도 아님”을 나타내는 출력은 없습니다. 열 개 중 하나는 항상 가장 밝습니다.",
  "answer.hidden": "숨겼습니다. 무엇이라고 답할까요?",
  "answer.reveal": "답 보기",
  "answer.reveal.help": "이 그림의 답을 보여 줍니다(R 키)",
  "answer.predict": "먼저 예측하기",
  "answer.predict.help": "그림마다 직접 열어 볼 때까지 답을 숨깁니다",
  "answer.waits": "여기에는 답이 나옵니다. 먼저 답을 확인하세요(R 키).",
  "answer.spoken.none": "그린 것이 없어 답이 없습니다.",
  "answer.spoken": "신경망의 답은 {label}, {value}입니다.",
  "answer.spoken.value": "신경망의 답은 {value}입니다.",
  "answer.values": "값",
  "answer.interval": "열 번 중 아홉 번의 범위: {low} ~ {high}",
  "answer.set": "열 번 중 아홉 번의 답: {labels}",
  "answer.or": " 또는 ",
  "answer.unlike": "학습한 행들과 다릅니다: {reasons}",
  "unlike.above": "{first} (최댓값 {end} 초과)",
  "unlike.below": "{first} (최솟값 {end} 미만)",
  "unlike.category": "{first} (학습에 없던 범주)",
  "unlike.unusual": "{first} (드문 값)",
  "unlike.together": "{first}, {second} (드문 조합)",
  "members.title": "구성원",
  "members.agree": "구성원 {count}개 중 {agreeing}개의 답이 같음: {low} ~ {high}",
  "members.values": "구성원 {count}개의 예측: {low} ~ {high}",
  "members.alone": "구성원 {member}의 답입니다(구성원 수: {count}). 전체의 답: {all}",
  "members.all": "전체",
  "members.name": "구성원 {member}",
  "members.axis": "{label}의 확률, 0~100 %:",
  "members.axis.match": "출력 뉴런 {label}의 값, 0~1:",
  "members.axis.values": "{name}, {low}부터 {high}까지:",
  "members.text":
    "구성원은 초기 가중치만 다르고 같은 방식으로 학습한 신경망이며, 답은 구성원 예측의 평균입니다. 구성원의 " +
    "답이 서로 다르면 학습 데이터만으로는 답을 정하기 어렵다는 뜻입니다. 구성원을 고르면 그 뉴런을 볼 수 " +
    "있습니다.",
  "members.inside":
    "신경망 {count}개가 나란히 있습니다. 뉴런을 보려면 구성원 패널에서 하나를 고르세요.",

  "layer.input": "입력층",
  "layer.hidden": "은닉층 {number}",
  "layer.short": "은닉 {number}",
  "layer.output": "출력층",
  "layer.neurons": "{layer}: 뉴런 {count}개",
  "layer.more": "외 {count}개",

  "stage.label": "신경망: 뉴런 {shape}개",
  "stage.picture":
    "입력: 픽셀마다 하나씩 뉴런 {count}개, 그중 {active}개가 켜져 있습니다. 화살표 키로 픽셀을 고릅니다.",
  "stage.seen": "신경망이 보는 그림",
  "stage.play": "신호 보내기",
  "stage.play.help": "픽셀에서 답까지 신호가 지나가는 모습을 다시 봅니다(P 키)",
  "stage.help": "화살표 키로 뉴런 사이를 움직이고, Enter로 엽니다.",
  "stage.positive": "양의 가중치",
  "stage.negative": "음의 가중치",
  "stage.on": "켜짐: 활성값 1",
  "stage.off": "꺼짐: 0",

  "neuron.label": "{layer}, 뉴런 {name}: 가중합 {sum}, 편향 {bias}, 활성값 {activation}",
  "neuron.label.plain": "{layer}, 뉴런 {name}: 활성값 {activation}",
  "neuron.label.off": "{layer}, 뉴런 {name}: 꺼 둠, 활성값 0",
  "neuron.label.hidden": "{layer}, 뉴런 {name}: 답을 확인하기 전까지 숨김",
  "neuron.name": "{layer}, 뉴런 {name}",
  "neuron.close": "닫기",
  "neuron.hint": "뉴런을 고르면 그 값을 어떻게 계산하는지 보입니다.",
  "pixel.title": "입력 픽셀 하나",
  "pixel.place": "{row}행 {column}열: ",
  "pixel.value": "{value} (255 중 {byte})",
  "pixel.products":
    "픽셀값에 가중치를 곱한 값이 {layer} 뉴런의 합에 더해집니다. 검은 픽셀은 0이므로 가중치가 얼마든 아무것도 더하지 않습니다.",
  "weights.title": "가중치 모아 보기",
  "weights.text":
    "한 층에 있는 모든 뉴런의 가중치를 그림으로, 학습 전과 학습 후를 나란히 보여 줍니다. 하나를 고르면 그 뉴런을 볼 수 있습니다.",
  "weights.layer": "층",
  "weights.order":
    "칸 하나가 {layer} 뉴런 {count}개 중 하나에 대한 가중치이며, 한 줄에 {columns}개씩 놓았습니다.",
  "weights.range": "가장 큰 가중치: 학습 전 {before}, 학습 후 {after}",
  "weights.before.seed":
    "학습 전: 모델 파일에 기록된 시드 {seed}번으로 pellucid가 만드는 신경망입니다. 한 뉴런의 두 그림은 같은 척도로 그렸습니다.",
  "weights.before.page":
    "학습 전: 이 페이지에서 학습을 시작할 때의 신경망입니다. 한 뉴런의 두 그림은 같은 척도로 그렸습니다.",
  "weights.before.none":
    "모델 파일에 이런 신경망의 시드가 기록되어 있지 않아 학습 전의 가중치는 알 수 없습니다. 지금의 가중치만 보여 줍니다.",
  "numbers.title": "픽셀을 숫자로",
  "numbers.label": "숫자로 본 입력입니다. 화살표 키로 픽셀을 고르고 Escape로 그만둡니다.",
  "numbers.text":
    "신경망이 받는 것은 0(검정)부터 1(흰색)까지의 숫자 {count}개뿐입니다. 이 숫자들이 그림이라는 것도, 어느 픽셀이 서로 이웃인지도 알려 주지 않습니다.",
  "numbers.choose": "숫자를 하나 고르면 그 픽셀이 무엇을 더하는지 보입니다.",
  "numbers.note": "고른 픽셀과 {layer} 사이의 연결이 신경망 그림에 표시됩니다.",
  "start.title": "여기서 시작하세요",
  "start.lesson": "수업: 뉴런이란 무엇인지 짧은 {steps}단계로",
  "start.why": "정답은 {label}, 신경망의 답은 {answer}: 왜 틀렸을까요?",
  "start.learn": "신경망이 학습하는 모습 보기",
  "start.change": "가중치를 고치면 어떻게 되는지 보기",
  "start.hint":
    "숫자를 직접 그려 보세요. 그림에서 뉴런을 고르면 그 값을 어떻게 계산하는지 보입니다.",

  "detail.weights": "가중치",
  "detail.products": "가중치 × 입력",
  "detail.picture.weights": "가중치를 그림으로: {low}부터 {high}까지",
  "detail.picture.products": "가중치 × 입력을 그림으로. 모두 더하면 {sum}",
  "detail.incoming": "들어오는 값: 가중치 × 활성값",
  "detail.incoming.row": "{name}: 가중치 {weight} × 활성값 {activation} = {product}",
  "detail.sum": "합계",
  "detail.sum.products": "가중치 × 입력",
  "detail.sum.bias": "편향",
  "detail.sum.total": "가중합",
  "detail.curve": "활성화 함수",
  "detail.curve.label": "{name} 곡선. 점은 가중합 {sum}, 활성값 {activation}에 있습니다",
  "detail.threshold":
    "가중치 × 입력의 합이 {threshold}(편향의 부호를 바꾼 값)보다 크면 활성값이 {middle}보다 커집니다.",
  "detail.softmax":
    "소프트맥스는 모든 출력을 비교합니다. exp({sum})를 모든 출력의 합으로 나눕니다.",
  "detail.log-softmax":
    "로그 소프트맥스는 모든 출력을 비교합니다. {sum}에서 모든 출력의 exp를 더한 값의 로그를 뺍니다.",
  "detail.outgoing": "출력이 가는 곳",
  "detail.outgoing.answer": "{label}에 대한 출력값입니다.",
  "detail.residual":
    "이 층은 다른 층들을 건너뛰어 잇는 층이어서, 뉴런마다의 가중합이 따로 없습니다.",
  "detail.off":
    "꺼 둔 뉴런입니다. 입력과 관계없이 활성값을 0으로 고정합니다. 가중치와 편향은 그대로 보관되어 있어, 다시 켜면 돌아옵니다.",
  "detail.pattern": "파란 칸은 값을 늘리고, 주황 격자무늬 칸은 줄입니다.",

  "columns.title": "입력",
  "columns.slider": "{name}, 평균에서 표준편차 세 배 이내",
  "columns.missing": "값 없음",
  "columns.other": "다른 범주",
  "columns.start": "평균으로 되돌리기",
  "columns.probability": "확률({label})",
  "columns.rising":
    "{names} 값이 커질수록 {what} 상승만 가능합니다. 불러온 가중치의 부호로 증명됩니다.",
  "columns.falling":
    "{names} 값이 커질수록 {what} 하락만 가능합니다. 불러온 가중치의 부호로 증명됩니다.",
  "panels.title": "더 보기",
  "count.title": "파라미터 세기",
  "count.layer": "층",
  "count.weights": "가중치",
  "count.biases": "편향",
  "count.all": "파라미터",
  "count.sum": "합계",
  "count.other": "기타",
  "count.text":
    "뉴런마다 앞 층의 모든 뉴런에 대한 가중치와 편향 하나가 있습니다. 입력 뉴런에는 둘 다 없습니다. 입력값을 담을 뿐입니다.",

  "lesson.open": "수업",
  "lesson.steps": "수업 단계",
  "lesson.progress": "수업 진행",
  "lesson.previous": "이전",
  "lesson.next": "다음",
  "lesson.terms": "영어로: ",
  "lesson.again": "그림 되돌려 놓기",
  "lesson.end": "마치기",
  "lesson.onward": "이제 무엇을 해 볼까요?",
  "lesson.pixel.title": "그림은 숫자입니다",
  "lesson.pixel.text":
    "사람은 숫자를 한눈에 알아봅니다. 신경망이 받는 것은 픽셀마다 하나씩, 28 × 28 = {inputs}개의 수뿐입니다. 0은 검은색, 1은 흰색입니다. 그림의 " +
    "한 부분을 수로 보면 이렇습니다.",
  "lesson.pixel.try":
    "그림 위에서 테두리를 옮겨 보세요(포인터나 화살표 키). 큰 수는 어디에 있나요?",
  "lesson.dark.title": "같은 3, 다른 수",
  "lesson.dark.text":
    "3을 어둡게 하면 획의 수가 모두 작아집니다. 우리 눈에는 여전히 3입니다. 하지만 신경망이 아는 것은 수뿐입니다.",
  "lesson.dark.try": "밝기를 움직여 보세요. 얼마나 어두워지면 답이 바뀌나요?",
  "lesson.neuron.title": "뉴런은 수 하나를 담습니다",
  "lesson.neuron.text":
    "뉴런은 0과 1 사이의 수 하나를 담습니다. 이 수가 활성값입니다. 0이면 꺼져 있고 1이면 환하게 켜져 있습니다. 픽셀 하나하나가 입력층의 " +
    "뉴런입니다. 아래 뉴런은 더 안쪽에 있습니다. {neuron}. 뉴런 번호는 자리를 나타낼 뿐, 그림 속 숫자와는 상관없습니다. 이 그림에서 활성값은 " +
    "{activation}입니다.",
  "lesson.neuron.try": "숫자를 천천히 그려 보세요. 이 뉴런은 언제 켜지나요?",
  "lesson.weight.title": "픽셀마다 가중치 하나",
  "lesson.weight.text":
    "모든 픽셀이 이 뉴런과 이어져 있고, 연결마다 가중치가 있습니다. 가중치는 그 픽셀이 얼마나, 어느 쪽으로 중요한지 나타내는 수입니다. 가중치 " +
    "{inputs}개를 그림으로 놓으면 양수는 파란색, 음수는 주황색입니다. 뉴런은 픽셀마다 가중치를 곱합니다.",
  "lesson.weight.try": "테두리를 픽셀마다 옮겨 보세요. 곱이 0보다 큰 곳과 작은 곳은 어디인가요?",
  "lesson.sum.title": "모두 더하기",
  "lesson.sum.text":
    "뉴런은 곱(가중치 × 픽셀) {inputs}개를 모두 더합니다. 이 그림에서는 {products}입니다. 파란 곳에 획이 있으면 합이 커지고 주황색 곳에 있으면 " +
    "작아집니다. 가중치는 그림에 던지는 질문인 셈입니다. 여기에 획이 있고 저기에는 없나요?",
  "lesson.sum.try":
    "다른 숫자를 불러오세요. 가중치는 그대로이고 곱이 달라집니다. 어떤 숫자에서 합이 큰가요?",
  "lesson.sigmoid.title": "곡선: 시그모이드",
  "lesson.sigmoid.text":
    "합 z는 어떤 수든 될 수 있지만 활성값은 0과 1 사이입니다. 시그모이드 σ(z) = 1 / (1 + e⁻ᶻ)(e ≈ 2.72)가 z를 활성값으로 " +
    "바꿉니다. 0보다 아주 작으면 0에, 아주 크면 1에 가까워집니다. 지금 합 {products}에 편향(다음 단계에서 봅니다)을 더하면 " +
    "{sum}이고, 활성값은 {activation}입니다.",
  "lesson.sigmoid.try": "천천히 그리면서 점이 곡선을 따라 움직이는 것을 보세요.",
  "lesson.bias.title": "편향이 임곗값을 정합니다",
  "lesson.bias.text":
    "뉴런은 언제 켜져야 할까요? 곡선에 넣기 전에 수 하나를 더합니다. 이 수가 편향이고, 여기서는 {bias}입니다. 곱의 합은 {products}이고, " +
    "여기에 편향까지 더하면 가중합 {sum}입니다.",
  "lesson.bias.try": "편향을 움직여 보세요. 뉴런은 어디서 꺼지나요?",
  "lesson.layer.title": "뉴런이 모이면 층이 됩니다",
  "lesson.layer.text":
    "이런 뉴런 {first}개가 층 하나입니다. 모두 같은 픽셀 {inputs}개를 받지만 가중치와 편향은 저마다 달라서, 그림에 던지는 질문도 다릅니다. 입력도 " +
    "답도 아니어서 은닉층이라고 부릅니다. 뉴런 {first}개의 가중치는 다음과 같습니다.",
  "lesson.layer.try": "테두리가 밝을수록 활성값이 큽니다. 이 그림은 어떤 뉴런을 켜나요?",
  "lesson.hope.title": "테두리, 패턴, 숫자?",
  "lesson.hope.text":
    "테두리가 모여 동그라미와 선이 되고, 동그라미와 선이 모여 숫자가 됩니다. 9는 동그라미 아래에 선이 있는 모양입니다. 많은 입문 글은 은닉층 1이 테두리를, " +
    "은닉층 2가 패턴을, 출력층이 숫자를 찾으리라고 기대합니다. 은닉층 1이 실제로 찾아낸 것은 가중치 그림에서 볼 수 있습니다.",
  "lesson.hope.try": "획이 보이는 그림과 거의 보이지 않는 그림을 찾아보세요.",
  "lesson.network.title": "층층이 답까지",
  "lesson.network.text":
    "은닉층 1의 활성값 {first}개는 다음 층의 입력이 됩니다. 다시 가중치를 곱해 더하고, 편향을 더하고, 곡선을 지납니다. 이렇게 출력층까지 " +
    "갑니다. 출력층에는 숫자마다 하나씩 뉴런 {outputs}개가 있고, 가장 밝은 뉴런이 답입니다. 출력값을 모두 더해도 꼭 1이 되지는 않습니다. " +
    "입력에서 출력까지 가는 이 계산이 순전파입니다.",
  "lesson.network.try": "뉴런을 골라 보세요. 앞 층의 어떤 뉴런이 가장 중요한가요?",
  "lesson.count.title": "파라미터 {parameters}개",
  "lesson.count.text":
    "가중치와 편향을 파라미터라고 합니다. 신경망이 학습하는 것은 이것뿐입니다. 뉴런마다 앞 층의 뉴런 수만큼 가중치가 있고 편향이 하나 있습니다. 그래서 은닉층 " +
    "1에는 가중치 {inputs} × {first}개와 편향 {first}개, 모두 {firstOwn}개의 파라미터가 있습니다.",
  "lesson.count.try": "파라미터가 가장 많은 층은 어디이고, 왜 그럴까요?",
  "lesson.matrix.title": "한 층을 한 줄로",
  "lesson.matrix.text":
    "행렬을 아는 분을 위한 단계입니다. 한 층에 있는 뉴런들의 가중치를 나란히 세우면 행렬 W의 열이 되고, 층 전체가 y = σ(x W + b) 한 " +
    "줄이 됩니다. 그림 여러 장, 곧 미니배치는 x의 행이 되어 한꺼번에 계산됩니다. 모양(shape)이 (2, 3)이면 2행 3열입니다.",
  "lesson.matrix.try": "그림 수를 바꿔 보세요. 어떤 모양(shape)이 달라지나요?",
  "lesson.activations.title": "곡선이 왜 필요할까요?",
  "lesson.activations.text":
    "층 사이에 곡선이 없으면 층을 쌓아도 소용이 없습니다. 직선 다음에 직선을 이으면 다시 직선입니다. g(x) = 4x + 1 다음에 f(x) = 3x + 2를 " +
    "이으면 f(g(x)) = 3(4x + 1) + 2입니다.",
  "lesson.activations.try": "사이에 시그모이드를 넣고 x를 움직여 보세요. 직선이 어떻게 되나요?",
  "lesson.learning.title": "조금씩 학습합니다",
  "lesson.learning.text":
    "수 {parameters}개를 사람이 정하지는 않습니다. 처음에는 무작위입니다. 손실은 답이 얼마나 틀렸는지 나타냅니다. 손실을 줄이려면 수마다 " +
    "키워야 할지 줄여야 할지를 역전파로 구하고, 모든 수를 그쪽으로 조금씩 옮깁니다. 이것을 되풀이합니다.",
  "lesson.learning.try":
    "“{play}” 버튼을 누르면 잡음이 얼룩으로 바뀝니다. 이때부터 여기 있는 것은 새 신경망입니다.",
  "lesson.torch.title": "PyTorch로 똑같이",
  "lesson.torch.text":
    "프로그래밍을 하는 분을 위한 단계입니다. 이 신경망은 PyTorch로도 몇 줄이면 됩니다. 한 가지가 다릅니다. nn.Linear는 가중치를 " +
    "전치하여(행과 열을 바꾸어) (출력, 입력) 모양으로 저장하고 x Wᵀ + b를 계산합니다. 결과는 같습니다.",
  "lesson.torch.try": "노트북에 복사해서 실행해 보세요.",
  "lesson.own.title": "내가 그린 숫자",
  "lesson.own.text":
    "이제 픽셀에서 답까지 모든 수를 압니다. 가중치는 입력 하나가 뉴런에 얼마나 중요한지, 편향은 뉴런이 얼마나 쉽게 켜지는지 나타냅니다. 은닉층은 입력과 출력 " +
    "사이에 있는 층입니다. 숫자를 그리고, 신경망이 왜 그렇게 읽는지 누군가에게 설명해 보세요.",
  "lesson.own.try": "사람은 읽는데 신경망은 못 읽는 숫자를 그릴 수 있나요?",

  "ask.check": "확인",
  "ask.show": "답 보기",
  "ask.right": "맞았습니다!",
  "ask.wrong": "조금 다릅니다.",
  "ask.pixel": "어떤 픽셀의 수가 0.5입니다. 무슨 색일까요?",
  "ask.pixel.one": "검은색",
  "ask.pixel.two": "회색",
  "ask.pixel.three": "흰색",
  "ask.pixel.hint": "0은 검은색, 1은 흰색입니다. 그 중간은 무엇일까요?",
  "ask.pixel.after": "회색입니다. 0.5는 검은색(0)과 흰색(1)의 한가운데입니다.",
  "ask.dark": "밝기를 4분의 1로 줄이면 신경망은 뭐라고 답할까요?",
  "ask.dark.one": "그대로",
  "ask.dark.two": "다른 숫자",
  "ask.dark.three": "답 없음",
  "ask.dark.hint": "밝기를 25 %로 옮겨서 직접 확인해 보세요.",
  "ask.dark.after":
    "25 %에서 답은 {quarter}입니다. 그림이 아무리 어두워도 신경망은 언제나 답합니다. 출력 뉴런 중 하나는 항상 가장 밝기 때문입니다.",
  "ask.weight": "밝은 픽셀의 가중치가 주황색입니다. 둘의 곱은 어떨까요?",
  "ask.weight.one": "0보다 크다",
  "ask.weight.two": "0보다 작다",
  "ask.weight.hint": "주황색 가중치는 음수입니다. 양수에 음수를 곱하면 어떻게 될까요?",
  "ask.weight.after":
    "0보다 작습니다. 주황색 곳의 획은 이 뉴런을 끄는 쪽으로, 파란 곳의 획은 켜는 쪽으로 작용합니다.",
  "ask.sum": "픽셀 세 개가 1, 0.5, 0이고 가중치는 2, −3, 4입니다. 곱의 합은 얼마일까요?",
  "ask.sum.hint": "픽셀마다 가중치를 곱해서 더하세요. 1 × 2, 0.5 × (−3), 0 × 4입니다.",
  "ask.sum.after": "1 × 2 + 0.5 × (−3) + 0 × 4 = 2 − 1.5 + 0 = 0.5입니다.",
  "ask.sigmoid": "합이 0이면 시그모이드 값은 얼마일까요?",
  "ask.sigmoid.hint": "곡선의 한가운데 높이를 보세요.",
  "ask.sigmoid.after": "한가운데인 0.5입니다. 합이 0보다 크면 뉴런이 절반보다 밝게 켜집니다.",
  "ask.bias": "활성값이 꼭 0.5가 되려면 가중치 × 입력의 합이 얼마여야 할까요?",
  "ask.bias.hint": "시그모이드는 0을 0.5로 바꿉니다. {bias}에 얼마를 더하면 0이 될까요?",
  "ask.bias.after":
    "편향의 부호를 바꾼 {threshold}입니다. 이 값이 임곗값이고, 이보다 크면 뉴런이 켜집니다. 편향이 작을수록 켜지기 어렵습니다.",
  "ask.layer": "이 층의 가중치는 모두 몇 개일까요?",
  "ask.layer.hint": "뉴런 {first}개에 가중치가 {inputs}개씩 있습니다.",
  "ask.layer.after": "{inputs} × {first} = {layerWeights}개입니다. 편향은 {first}개입니다.",
  "ask.hope": "이 그림들에는 무엇이 보이나요?",
  "ask.hope.one": "뚜렷한 테두리",
  "ask.hope.two": "짧은 획과 얼룩",
  "ask.hope.three": "숫자 전체",
  "ask.hope.hint": "가장 진한 곳을 보세요. 얼마나 길고, 한 그림에 몇 군데나 있나요?",
  "ask.hope.after":
    "짧은 획과 얼룩입니다. 숫자의 조각이지만 뚜렷한 테두리는 아닙니다. 은닉층 2의 뉴런도 동그라미 하나보다는 숫자 여러 개에 함께 켜집니다. 테두리를 " +
    "찾으라고 한 사람은 없습니다. 학습은 맞는 답만 요구합니다.",
  "ask.network": "{layer}의 뉴런 하나로 들어오는 가중치는 몇 개일까요?",
  "ask.network.hint": "앞 층의 뉴런마다 하나씩 있습니다.",
  "ask.network.after":
    "{before}개입니다. 앞 층의 뉴런마다 하나씩 있습니다. 은닉층 1에서는 픽셀마다 하나씩 있었습니다.",
  "ask.count": "뉴런이 {size}개인 {layer}의 파라미터는 몇 개일까요?",
  "ask.count.hint": "뉴런 {size}개에 가중치 {before}개와 편향 하나씩이 있습니다.",
  "ask.count.after": "{before} × {size} + {size} = {own}개입니다.",
  "ask.matrix":
    "그림 10장이면 x는 (10, {inputs}), W는 ({inputs}, {first})입니다. x W의 모양은 무엇일까요?",
  "ask.matrix.hint": "그림마다 한 행, 뉴런마다 한 열입니다.",
  "ask.matrix.after": "(10, {first})입니다. 그림마다 한 행, 뉴런마다 한 열입니다.",
  "ask.activations": "전개해 보세요. 3(4x + 1) + 2 = 12x + …",
  "ask.activations.hint": "3 × 1에 2를 더하세요.",
  "ask.activations.after":
    "12x + 5, 다시 직선 하나입니다. 두 층이 한 층과 똑같은 일을 합니다. 사이에 곡선이 있으면 그렇게 되지 않습니다.",
  "ask.learning":
    "가중치가 무작위이고 숫자는 열 가지입니다. 학습하기 전의 신경망은 얼마나 맞힐까요?",
  "ask.learning.hint": "열 가지 중 하나를 찍는 것과 같습니다.",
  "ask.learning.after": "찍는 것과 같은 10 %쯤입니다. 학습하고 나면 {reached}를 넘습니다.",
  "ask.torch": "첫 번째 nn.Linear의 가중치는 어떤 모양일까요?",
  "ask.torch.hint": "(출력, 입력)이고, 출력은 {first}개입니다.",
  "ask.torch.after": "W를 전치한 ({first}, {inputs})입니다.",

  "looking.board": "그림. 화살표 키로 테두리를 옮깁니다.",
  "looking.piece": "한가운데: {row}행 {column}열, 수 {value}",
  "looking.pixel": "픽셀",
  "looking.weight": "가중치",
  "looking.product": "곱",
  "hope.edges": "테두리",
  "hope.patterns": "패턴",
  "hope.digit": "숫자",
  "finish.draw": "숫자를 직접 그려 보세요. 신경망이 바로 읽습니다.",
  "finish.read": "직접 그린 그림에 대한 신경망의 답은 {answer}, 출력값은 {activation}입니다.",
  "finish.score": "질문 {all}개 중 {right}개를 스스로 풀었습니다.",
  "finish.share": "이 그림 공유하기",
  "finish.worksheet": "인쇄용 학습지",
  "worksheet.title": "학습지",
  "worksheet.text": "수업의 질문을 종이에 옮긴 것입니다. 수업의 문구와 이 신경망으로 만듭니다.",
  "worksheet.lesson": "숫자를 읽는 신경망",
  "worksheet.name": "이름",
  "worksheet.date": "날짜",
  "worksheet.answers": "답 포함",
  "worksheet.print": "인쇄",
  "worksheet.own": "자신의 말로",
  "worksheet.weight": "가중치란 무엇인가요?",
  "worksheet.weight.after":
    "연결에 붙은 수입니다. 입력 하나가 뉴런에 얼마나, 어느 쪽으로 중요한지 나타냅니다.",
  "worksheet.bias": "편향이란 무엇인가요?",
  "worksheet.bias.after":
    "뉴런의 가중합에 더하는 수입니다. 합이 얼마나 커야 뉴런이 켜지는지 정합니다.",
  "worksheet.hidden": "은닉층이란 무엇인가요?",
  "worksheet.hidden.after":
    "입력과 출력 사이에 있는 뉴런의 층입니다. 앞 층의 활성값을 받아 자신의 활성값을 다음 층에 넘깁니다.",

  "term.neuron": "뉴런",
  "term.activation": "활성값",
  "term.input": "입력",
  "term.pixel": "픽셀",
  "term.layer": "층",
  "term.hidden": "은닉층",
  "term.output": "출력층",
  "term.weight": "가중치",
  "term.sum": "가중합",
  "term.bias": "편향",
  "term.threshold": "임곗값",
  "term.sigmoid": "시그모이드",
  "term.function": "활성화 함수",
  "term.matrix": "행렬",
  "term.batch": "미니배치",
  "term.forward": "순전파",
  "term.parameter": "파라미터",
  "term.linear": "선형",
  "term.nonlinear": "비선형",
  "term.loss": "손실",
  "term.backward": "역전파",
  "term.transpose": "전치",

  "chain.bend": "사이에 시그모이드",
  "chain.straight": "x에 대한 f(g(x)): 직선",
  "chain.bent": "x에 대한 f(σ(g(x))): 휘어진 곡선",

  "matrix.title": "행렬로 보기",
  "matrix.text":
    "x의 행은 그림 한 장, W의 열은 뉴런 하나입니다. 한 층의 합을 한꺼번에 계산합니다. 편향 b는 모든 행에 더합니다.",
  "matrix.size": "미니배치의 그림 수",
  "matrix.shapes": "층마다의 모양(shape)",
  "matrix.results": "출력: 그림마다 한 행",
  "matrix.picture": "그림",
  "matrix.row": "{index}번(정답 {label})",

  "codes.title": "PyTorch로",
  "codes.more": "전체 프로그램",
  "codes.text":
    "아직 학습하지 않은 이 신경망을 두 라이브러리로 작성한 코드입니다. x는 픽셀이 0부터 255까지인 그림 (N, 28, 28), t는 그 숫자입니다. 손실과 " +
    "옵티마이저도 같습니다.",

  "digits.title": "내 숫자",
  "digits.text":
    "직접 그린 숫자를 정답과 함께 저장해 보세요. 신경망이 내 글씨를 얼마나 잘 읽는지 보고, 내 글씨로 학습시킬 수도 있습니다.",
  "digits.legend": "이 그림의 정답",
  "digits.save": "이 그림을 {label}(으)로 저장",
  "digits.saved": "정답 {label}(으)로 저장했습니다. 모두 {count}개입니다.",
  "digits.removed": "지웠습니다. {count}개가 남았습니다.",
  "digits.not-own": "먼저 숫자를 직접 그리세요. 테스트 숫자와 잡음은 저장하지 않습니다.",
  "digits.empty": "먼저 숫자를 그리세요.",
  "digits.full": "{count}개가 저장되어 더 넣을 수 없습니다. 몇 개를 지우세요.",
  "digits.none": "아직 저장한 그림이 없습니다.",
  "digits.score": "신경망이 그림 {count}개 가운데 {right}개를 바르게 읽습니다({share}).",
  "digits.score.trained":
    "이 그림으로 학습한 신경망이 그림 {count}개 가운데 {right}개를 바르게 읽습니다({share}). 내 글씨를 얼마나 잘 읽는지는 새로 그려서 확인하세요.",
  "digits.right": "정답 {label}, {read}(으)로 바르게 읽음",
  "digits.wrong": "정답 {label}, {read}(으)로 잘못 읽음",
  "digits.open": "이 그림 보기: {words}",
  "digits.delete": "정답이 {label}인 이 그림 지우기",
  "digits.images": "이미지로 내려받기",
  "digits.idx": "IDX로 내려받기",
  "digits.then": "내려받은 그림으로 학습시키기",
  "digits.kept": "그림은 {count}개까지 이 기기의 이 브라우저에만 저장됩니다.",
  "digits.lost":
    "여기서는 브라우저에 저장되지 않아(프레임 안이거나 저장이 꺼져 있음) 페이지를 닫으면 그림이 사라집니다. 내려받아 두세요. {count}개까지 담을 수 있습니다.",

  "class.title": "우리 반",
  "class.text":
    "학생은 이 컴퓨터와 같은 네트워크에서 자기 기기로 아래 주소를 엽니다. 숫자를 그려 정답과 함께 저장하고 보내면, 그림이 여기로 모입니다.",
  "class.code": "학생용 주소의 QR 코드",
  "class.plain":
    "연결이 암호화되지 않아 같은 네트워크에 있는 사람이 내용을 볼 수 있습니다. 링크를 아는 사람은 그림을 보낼 수 있을 뿐, 다른 일은 할 수 없습니다. 그림은 pellucid를 끝내면 사라지니 그 전에 내려받으세요.",
  "class.count": "기기 {devices}대에서 온 그림 {count}개",
  "class.labels": "정답별 그림 수",
  "class.score": "신경망이 모든 그림 {count}개 가운데 {right}개를 바르게 읽습니다({share}).",
  "class.train": "이 그림으로 신경망 학습시키기",
  "class.training": "학습하는 중입니다. 몇 초 걸립니다.",
  "class.result": "바르게 읽은 그림: 학습 전 {before}, 학습 후 {after}.",
  "class.digits": "MNIST 테스트 숫자 10,000개: 학습 전 {before}, 학습 후 {after}.",
  "class.honest":
    "정답마다 세 번째 그림은 학습에 쓰지 않고 남겨 두어, 모두 {count}개로 정확도를 쟀습니다. 학습에는 그림 {trained}개와 MNIST 숫자 6,000개를 썼습니다. 두 쪽에 같은 사람의 글씨가 있으므로 처음 보는 학생의 글씨는 이보다 덜 읽을 수 있습니다. 그림이 적으면 우연에 따라 크게 달라집니다.",
  "class.latest": "최근에 온 그림",
  "class.device": "기기 {device}",
  "class.delete-device": "기기 {device}에서 온 그림 {count}개 모두 지우기",
  "class.nickname": "별명(비워 두어도 됩니다)",
  "class.send": "그림 {count}개를 선생님께 보내기",
  "class.sent": "{count}개를 보냈습니다.",
  "class.sent-mark": "보냄",
  "class.sends":
    "저장한 그림과 정답, 별명만 보냅니다. 연결이 암호화되지 않으니 실제 이름은 쓰지 마세요.",
  "class.unreachable": "선생님 컴퓨터가 응답하지 않습니다. pellucid가 아직 실행 중인지 물어보세요.",

  "share.title": "공유",
  "share.text":
    "지금 화면을 그대로 여는 링크를 만듭니다. 수업에서 나누어 주거나 나중에 다시 열 때 씁니다.",
  "share.opens": "링크로 열 것",
  "share.step": "이 수업 단계",
  "share.input": "이 그림과 그 설정",
  "share.neuron": "이 뉴런",
  "share.edits": "바꾼 신경망",
  "share.hides": "숨길 것",
  "hide.draw": "그림판의 버튼",
  "hide.settings": "밝기와 가운데 맞추기",
  "hide.load": "테스트 숫자와 다른 그림",
  "hide.answer": "답",
  "hide.detail": "뉴런의 자세한 내용",
  "hide.panels": "모든 패널",
  "hide.lesson": "단계 이동 버튼",
  "hide.playground": "놀이터 버튼",
  "hide.language": "언어",
  "hide.theme": "테마",
  "share.language": "언어",
  "share.language.own": "브라우저 언어에 맞춤",
  "share.panel": "열어 둘 패널",
  "share.panel.none": "없음",
  "share.base": "페이지 주소",
  "share.link": "링크",
  "share.copy": "링크 복사",
  "share.copied": "복사했습니다",
  "share.words.opens": "여는 것: {what}.",
  "share.words.hides":
    "숨기는 것: {what}. 보이지 않게 할 뿐이며, 페이지 맨 아래에서 다시 나타나게 할 수 있습니다.",
  "share.words.hides-nothing": "숨기는 것은 없습니다.",
  "share.words.step": "{step}단계 {title}",
  "share.words.drawing": "직접 그린 그림",
  "share.words.edits": "바꾼 것 {count}가지",
  "share.words.page": "처음 상태의 페이지",
  "share.local": "이 주소는 pellucid가 실행되는 동안 이 컴퓨터에서만 열립니다.",
  "share.trained":
    "여기서 학습한 신경망은 링크에 담기지 않아, 링크로 열면 처음 열었던 신경망이 보입니다. 신경망 바꾸기에서 모델 파일로 저장해 그 파일을 여세요.",
  "share.file": "링크를 받은 사람이 이 주소를 열 수 있어야 합니다.",
  "share.school":
    "수업에 쓰려면 페이지를 파일 하나나 폴더 하나로 만들어 학교 웹 사이트에 올리고, 그 주소를 위에 적으세요. digits는 pellucid에 들어 있는 신경망이며, 그 자리에 직접 만든 신경망 파일을 써도 됩니다.",
  "share.hidden": "이 링크에서는 일부 기능이 숨겨져 있습니다.",
  "share.reveal": "모두 보이기",

  "why.title": "왜 그럴까요?",
  "why.empty": "먼저 숫자를 그리거나 그림에서 뉴런을 고르세요. 답이 없으면 설명할 것도 없습니다.",
  "why.against":
    "{answer}의 가중합이 {rival}의 가중합보다 {gap}만큼 더 큽니다. {layer}에서 {answer} 쪽으로 가장 크게 기여한 뉴런은 {plus}이고, " +
    "{rival} 쪽으로 가장 크게 기여한 뉴런은 {minus}입니다. 편향의 차이는 {bias}입니다.",
  "why.answer": "설명하는 뉴런: {name}(답). 다른 뉴런이 궁금하면 그림에서 고르세요.",
  "why.chosen": "설명하는 뉴런: {name}(고른 뉴런). 닫으면 다시 답을 설명합니다.",
  "why.inputs": "입력마다 기여한 값",
  "why.before": "앞 층에서 들어오는 값",
  "why.picture": "신경망이 보는 그림",
  "why.adds": "활성값에 기여한 값",
  "why.adds.label": "픽셀마다 활성값에 기여한 값. 모두 더하면 {sum}, 가장 큰 것은 {largest}",
  "why.sum.black": "검은 그림일 때의 활성값",
  "why.sum.mean": "평균적인 행일 때의 활성값",
  "why.sum.zero": "입력이 모두 0일 때의 활성값",
  "why.sum.plus": "늘리는 입력",
  "why.sum.minus": "줄이는 입력",
  "why.sum.now": "지금 활성값",
  "why.gap.black":
    "통합 기울기(integrated gradients): 검은 그림에서 이 그림까지 {steps}단계로 가는 동안 입력이 기여한 값은 모두 {sum}입니다. 실제 " +
    "변화와의 차이는 {gap}입니다.",
  "why.gap.mean":
    "통합 기울기(integrated gradients): 모든 열이 학습 데이터의 평균인 행에서 이 행까지 {steps}단계로 가는 동안 입력이 기여한 값은 모두 " +
    "{sum}입니다. 실제 변화와의 차이는 {gap}입니다.",
  "why.gap.zero":
    "통합 기울기(integrated gradients): 0에서 이 입력까지 {steps}단계로 가는 동안 입력이 기여한 값은 모두 {sum}입니다. 실제 변화와의 " +
    "차이는 {gap}입니다.",
  "other.title": "무엇이 바뀌면 답이 달라질까요?",
  "other.target": "바라는 답",
  "other.nearest": "가장 가까운 답",
  "other.empty": "먼저 그려 보세요.",
  "other.same": "답이 이미 {before}입니다. 다른 답을 고르세요.",
  "other.none":
    "검정과 하양 사이에서는 그렇게 답하는 그림을 찾지 못했습니다. 답은 그대로 {before}입니다. 그런 그림이 없다는 증명은 아닙니다.",
  "other.found":
    "{before}({sure}) → {after}({then}). 변화의 길이 {distance}. 픽셀 {count}개가 바뀌고, 한 픽셀의 변화는 " +
    "{largest} 이하입니다.",
  "other.none.row":
    "숫자를 평균에서 표준편차 세 배 안, 학습 데이터의 범위 안에서 바꾸어 보았지만 그렇게 답하는 변화를 찾지 못했습니다. 답은 그대로 {before}입니다. 그런 변화가 없다는 증명은 아닙니다.",
  "other.found.row": "아래처럼 바뀌면 {before}({sure}) → {after}({then}). 변화의 길이 {distance}.",
  "other.column": "열",
  "other.from": "지금",
  "other.to": "바뀐 뒤",
  "other.note.row":
    "숫자는 평균에서 표준편차 세 배 안, 학습 데이터의 범위 안에서만 움직이고, 범주와 결측값은 그대로 둡니다. 길이의 단위는 표준편차입니다. 찾아낸 것 중 가장 작은 변화로, 두 답의 경계에 " +
    "있습니다. 더 작은 변화가 있을 수도 있습니다.",
  "other.before": "바꾸기 전: {before}",
  "other.after": "바꾼 뒤: {after}",
  "other.between": "차이, 최대 {largest}",
  "other.note":
    "픽셀은 0부터 1까지이고, 길이는 변화의 제곱을 모두 더한 값의 제곱근입니다. 찾아낸 것 중 가장 작은 변화로, 두 답의 경계에 있습니다. 더 작은 변화가 있을 " +
    "수도 있습니다.",
  "similar.title": "비슷하게 생긴 오답 숫자",
  "similar.by": "비교 기준",
  "similar.pixels": "픽셀",
  "similar.hidden": "{layer}의 활성값",
  "similar.found":
    "테스트 숫자 {total}개 중 {count}개가 오답입니다. 가까운 것부터 보이며, 고르면 불러옵니다.",
  "similar.none": "오답인 테스트 숫자가 없습니다.",
  "similar.digit": "테스트 숫자 {index}번: 정답 {label}, 신경망의 답 {answer}, 거리 {distance}",
  "similar.card": "{label} → 답 {answer}",
  "tune.title": "바꿔 보기",
  "tune.more": "“신경망 바꾸기”에서 더 보기",
  "tune.bias": "편향",
  "tune.no-bias": "이 층의 뉴런에는 편향이 없습니다.",
  "tune.threshold": "가중치 × 입력이 {threshold}보다 크면 켜집니다. 지금은 {sum}입니다.",
  "tune.shift": "편향은 가중치 × 입력에 더해집니다. 가중치 × 입력은 지금 {sum}입니다.",
  "tune.off": "꺼 두기",
  "tune.on": "다시 켜기",
  "tune.row": "행",
  "tune.column": "열",
  "tune.from": "보내는 뉴런({layer})",
  "tune.weight": "가중치",
  "tune.pixel": "{row}행 {column}열 픽셀",
  "tune.no-weight": "그런 가중치는 없습니다. 다른 자리를 고르세요.",
  "paint.label":
    "이 뉴런의 가중치. 포인터로 칠하거나, 화살표 키로 움직여 스페이스로 칠합니다. Shift와 화살표를 함께 누르면 선을 칠하고, +와 -로 늘릴지 줄일지 고릅니다.",
  "paint.plus": "+ 늘리기",
  "paint.minus": "− 줄이기",
  "paint.strength": "세기",
  "paint.help": "가중치 위에 칠해 보세요. 한 획을 한 번에 되돌릴 수 있습니다.",
  "change.title": "신경망 바꾸기",
  "change.neuron": "뉴런 하나",
  "change.choose": "그림에서 뉴런을 고르면 편향과 가중치를 바꾸거나 뉴런을 끌 수 있습니다.",
  "change.activations": "활성화 함수",
  "change.linear": "활성화 함수 모두 없애기",
  "change.no-hidden": "이 신경망에는 활성화 함수가 있는 은닉층이 없습니다.",
  "collapse.result":
    "활성화 함수가 없으면 여러 층이 한 층이 됩니다. {chain} = {one}. 파라미터 {count}개가 {all}개와 똑같은 일을 합니다. 이제 출력마다 찾는 " +
    "모양은 다음과 같습니다.",
  "collapse.limit":
    "이 가중치는 활성화 함수와 함께 쓰도록 학습한 것입니다. 처음부터 선형으로 학습한 신경망은 MNIST에서 약 92 %까지 맞힙니다. 다만 층을 더 쌓아도 그보다 " +
    "나아지지 않습니다.",
  "collapse.picture": "출력 {label}의 가중치 전체를 한 그림으로. 편향 {bias}",
  "collapse.same":
    "그림 {rows}개에서 출력의 가중합 차이는 최대 {difference}로, 반올림 오차일 뿐입니다.",
  "collapse.seed":
    "일차식 두 개도 마찬가지입니다. f(x) = 3x + 2와 g(x) = 4x + 1을 이으면 3(4x + 1) + 2 = 12x + 5, 다시 일차식 하나입니다.",
  "effect.title": "전과 후",
  "effect.before": "바꾸기 전",
  "effect.after": "바꾼 뒤",
  "effect.answer": "답",
  "effect.neurons": "달라진 뉴런",
  "effect.changed": "{all}개 중 {count}개",
  "effect.held": "테스트 숫자 정답률",
  "effect.was": "{activation}, 바꾸기 전 {before}",
  "effect.counting": "테스트 숫자를 평가하는 중",
  "effect.all":
    "학습에 쓰이지 않은 MNIST 테스트 숫자 {rows}개 전부에서 센 값이고, 괄호 안은 95 % 신뢰 구간(Wilson)입니다. 달라진 뉴런은 그림에서 점선 " +
    "고리로 표시합니다.",
  "effect.some":
    "이 페이지에 들어 있는 테스트 숫자 {rows}개에서 센 값이고, 괄호 안은 95 % 신뢰 구간(Wilson)입니다. 달라진 뉴런은 그림에서 점선 고리로 표시합니다.",
  "edits.title": "바꾼 것",
  "edits.none": "아직 바꾼 것이 없습니다.",
  "edits.back": "모두 되돌리기",
  "files.open": "모델 파일 열기",
  "files.unread":
    "pellucid의 모델 파일이 아닙니다. pellucid나 이 페이지에서 저장한 파일(.safetensors)을 고르세요.",
  "files.other":
    "이 페이지는 (입력, 출력)이 {asked}인 신경망을 보여 주는데 파일의 신경망은 {got}입니다. pellucid open FILE로 여세요.",
  "edits.save": "모델 파일로 저장",
  "edits.remove": "지우기",
  "edits.remove.label": "지우기: {edit}",
  "edits.long":
    "바꾼 것이 너무 길어 페이지 주소에 담지 못합니다. 링크로 열면 바꾸기 전 신경망이 보이니, 모델 파일로 저장하세요.",
  "edit.bias": "{name}: 편향 {value}",
  "edit.weight": "{name}: {from}에서 오는 가중치 {value}",
  "edit.paint": "{name}: 가중치 {count}개를 칠함",
  "edit.off": "{name}: 꺼짐",
  "edit.activation": "{layer}: 활성화 함수 {type}",
  "edit.linear": "은닉층의 활성화 함수 없음",

  "learn.title": "학습",
  "learn.text":
    "신경망을 학습 데이터 50,000개로 학습합니다. 다른 10,000개는 검증 데이터로 따로 둡니다. 정확도와 실선 곡선은 학습하지 않은 이 숫자들에서 잰 값입니다.",
  "learn.offline":
    "이 페이지는 파일 하나이며 스스로 학습합니다. 파일에 담긴 MNIST 테스트 숫자 가운데 {training}개로 학습하고, 다른 {held}개는 검증 데이터로 따로 둡니다. " +
    "이렇게 적은 데이터로는 정확도가 80 % 정도입니다. 컴퓨터에 설치한 pellucid는 같은 페이지를 학습 데이터 50,000개로 학습합니다.",
  "learn.here.layer":
    "이 페이지는 {name} 층을 학습시키지 않습니다. 새 가중치로 시작하거나 pellucid로 페이지를 여세요.",
  "learn.play": "재생",
  "learn.pause": "일시 정지",
  "learn.step": "한 배치",
  "learn.epoch": "한 에포크",
  "learn.place": "에포크 {epoch}, 배치 {batch}/{batches}",
  "learn.after": "에포크 {epoch}까지 학습",
  "learn.edited": "손실과 정확도는 직접 바꾼 것을 뺀, 학습 중인 신경망의 값입니다.",
  "learn.loss": "손실",
  "learn.shares": "정확도",
  "learn.guess": "찍을 때: 10 %",
  "learn.training": "학습 데이터",
  "learn.held": "검증 데이터",
  "learn.back": "되돌아갈 에포크",
  "learn.rate": "학습률",
  "learn.batch": "배치 크기 (다음 에포크부터)",
  "learn.pace": "속도",
  "learn.pace.slow": "천천히: 1초에 배치 20개",
  "learn.pace.epoch": "1초에 에포크 하나",
  "learn.pace.full": "가장 빠르게",
  "learn.anew": "새로 시작: 가중치, 층, 시드",
  "learn.from": "시작할 가중치",
  "learn.from.fresh": "새 가중치",
  "learn.from.shown": "지금 보이는 신경망",
  "learn.hidden": "은닉층",
  "learn.activation": "활성화 함수",
  "learn.seed": "시드",
  "learn.start": "새로 시작",
  "learn.opened": "처음 연 신경망 보기",
  "learn.replaces":
    "재생하면 지금 보이는 신경망 대신 무작위 가중치로 시작하는 새 신경망이 나타납니다. 버튼 하나로 원래 신경망을 다시 볼 수 있습니다.",
  "learn.now": "지금 보이는 것은 처음 열었던 신경망이 아니라 여기서 학습하는 신경망입니다.",
  "learn.waiting":
    "지금 보이는 것은 처음 열었던 신경망입니다. 학습 중이던 신경망은 일시 정지했습니다.",
  "learn.own": "내 그림 {count}개로도 학습(‘내 숫자’ 패널)",
  "learn.seed.help":
    "시드와 설정이 같으면 학습 결과도 마지막 비트까지 같습니다. 앞선 에포크로 되돌아가 다시 재생해도 그렇습니다. 이때 그 뒤의 에포크는 새것으로 바뀝니다.",
  "learn.diverged":
    "에포크 {epoch}에서 학습이 발산했습니다. 값이 계속 커져 더는 유한하지 않습니다. 가중치는 그 직전의 것입니다. 학습률을 줄이고 이어서 재생하세요.",
  "learn.rising":
    "손실이 커집니다. {least}이었는데 {last}이 되었습니다. 학습률이 너무 큽니다. 3분의 1로 줄여 보세요.",
  "learn.guessing":
    "한 에포크를 모두 학습했는데 정확도가 {accuracy}로, 찍는 것과 다름없습니다. 대개 학습률이 너무 클 때 이렇게 됩니다. 10분의 1로 줄이고 새로 시작해 " +
    "보세요.",
  "learn.finished": "이 페이지가 학습하는 최대 에포크 수인 {epochs}에 이르렀습니다.",
  "learn.dead":
    "죽은 뉴런 {count}개 ({names}): 숫자 {rows}개 모두에서 곡선의 평평한 곳에 있어 기울기가 전해지지 않고, 더는 학습하지 못합니다. 학습률을 " +
    "줄이거나 다른 시드로 시작해 보세요.",
  "learn.saturated":
    "포화된 뉴런 {count}개 ({names}): 숫자 {rows}개 거의 모두에서 곡선의 한쪽 끝에 있어 느리게 학습합니다.",
  "learn.lost": "서버가 응답하지 않습니다. pellucid가 실행 중인지 확인하고 페이지를 새로 고치세요.",

  "back.title": "역전파",
  "back.target": "이 그림의 정답",
  "back.known": "테스트 숫자의 정답이라 알려져 있습니다",
  "back.loss": "손실:",
  "back.ask": "그림을 그린 뒤, 무엇을 그렸는지 고르세요. 테스트 숫자는 정답이 알려져 있습니다.",
  "back.text":
    "역전파는 값마다 어느 쪽으로 얼마나 바꿔야 손실이 줄어드는지 구합니다. 막대는 부호를 바꾼 기울기입니다. 파란색은 올려야 하고, 주황 빗금은 내려야 합니다. 신경망 " +
    "위의 화살표도 같은 뜻입니다.",
  "back.by-sum": "가중합의 기울기",
  "back.by-activation": "활성값의 기울기",
  "back.up": "{name}: {by}만큼 올려야 합니다",
  "back.down": "{name}: {by}만큼 내려야 합니다",
  "back.stay": "{name}: 그대로 두어야 합니다",
  "back.weights": "가중치를 바꿀 방향: {layer}, 뉴런 {name}",
  "back.picture": "가중치를 바꿀 방향을 그림으로, 최대 {most}. 누르면 그 가중치를 확인합니다",
  "back.bias": "편향: {slope}",
  "back.check":
    "정말 그럴까요? 가중치 하나를 0.00001만큼 올리고 내려 손실을 두 번 구합니다. 그 차이를 0.00002로 나눈 값이 기울기와 같아야 합니다.",
  "back.from": "보내는 뉴런",
  "back.formula": "역전파로 구한 기울기",
  "back.tried": "차분으로 구한 기울기",
  "back.apart": "차이",
  "back.step":
    "학습 한 단계에서는 학습률 × 기울기를 뺍니다. 새 가중치 = 이전 가중치 − 학습률 × 기울기. 그래서 바꿀 방향을 나타내는 막대는 기울기의 부호를 바꾼 " +
    "것입니다. 학습률이 {rate}일 때 이 가중치는 {old} → {new}로 바뀝니다.",

  "evaluate.title": "평가",
  "evaluate.wait": "잠시만 기다려 주세요 …",
  "evaluate.all-digits":
    "테스트 숫자 {rows}개 중 {right}개를 맞혔습니다. 정확도 {share} (95 % 신뢰 구간 {low} ~ {high}).",
  "evaluate.page-digits":
    "이 페이지에 담긴 테스트 숫자 {rows}개 중 {right}개를 맞혔습니다. 정확도 {share} (95 % 신뢰 구간 {low} ~ {high}). " +
    "pellucid open은 10,000개 모두로 평가합니다.",
  "evaluate.matrix": "행은 정답, 열은 신경망의 답입니다. 칸을 누르면 그 그림들이 열립니다.",
  "evaluate.matrix.name": "혼동 행렬",
  "evaluate.label": "정답",
  "evaluate.right": "정답률",
  "evaluate.cell": "정답 {label}, 신경망의 답 {answer}: {count}개",
  "evaluate.wrong": "오답: {count}개",
  "evaluate.all": "모든 오답",
  "evaluate.more": "{count}개 더",
  "evaluate.digit": "테스트 숫자 {index}번, 정답 {label}, 신경망의 답 {answer}",
  "robust.title": "강건성",
  "robust.text":
    "테스트 숫자를 모두 어둡게 하거나, 잡음을 섞거나, 옮기거나, 돌려도 얼마나 맞힐까요?",
  "robust.measure": "측정",
  "robust.wait": "측정 중: {change} …",
  "robust.right": "{rows}개 중 정답 비율",
  "robust.brightness": "밝기",
  "robust.noise": "잡음 (표준편차, 흰색 대비)",
  "robust.shift": "이동 (픽셀)",
  "robust.rotation": "회전 (도)",
  "robust.offline": "밝기, 잡음, 이동, 회전에 대한 강건성은 pellucid open에서 측정합니다.",

  "start.playground": "입력이 둘인 작은 신경망을 학습시키며 모든 뉴런 보기",
  "play.title": "놀이터",
  "play.leave": "놀이터 나가기",
  "play.leave.short": "나가기",
  "play.facts": "이 페이지에서 학습하는, 입력이 둘인 신경망",
  "play.points": "점",
  "play.network": "신경망",
  "play.output": "예측",
  "play.data": "데이터 세트",
  "play.data.moons": "초승달 (moons)",
  "play.data.circles": "동심원 (circles)",
  "play.data.spirals": "나선 (spirals)",
  "play.data.xor": "XOR 문제",
  "play.data.gaussians": "두 정규 분포 (gaussians)",
  "play.data.own": "직접 찍은 점",
  "play.n": "점 개수",
  "play.noise": "잡음",
  "play.draw": "점의 시드",
  "play.held": "테스트용 점 (%)",
  "play.counts": "학습용 {kept}개(채운 점), 테스트용 {held}개(빈 점)",
  "play.known": "이 점에 잘 맞는 설정",
  "play.own": "다음에 찍을 점의 클래스",
  "play.class": "클래스 {label}",
  "play.clear": "모두 지우기",
  "play.csv": "CSV 파일에서 점 읽기",
  "play.csv.text": "세 열: x₁, x₂, 클래스. 여기에 붙여 넣거나 파일을 고르세요.",
  "play.csv.take": "이 텍스트 쓰기",
  "play.csv.file": "파일 고르기",
  "play.csv.read": "점 {count}개를 읽었습니다. 클래스 0: “{first}”, 클래스 1: “{second}”",
  "play.csv.columns": "{line}번째 줄의 칸이 {count}개입니다. x₁, x₂, 클래스의 세 칸이어야 합니다.",
  "play.csv.number": "{line}번째 줄: x₁과 x₂는 0.5 같은 숫자여야 합니다.",
  "play.csv.classes": "세 번째 열에는 클래스가 두 가지여야 합니다. 받은 가짓수: {count}",
  "play.csv.rows": "점은 1개에서 {most}개까지 읽을 수 있습니다. 받은 개수: {count}",
  "play.rate": "학습률",
  "play.activation": "활성화 함수",
  "play.optimizer": "옵티마이저",
  "play.optimizer.sgd": "SGD (모멘텀 없음)",
  "play.optimizer.momentum": "SGD, 모멘텀 0.9",
  "play.optimizer.adam": "Adam (아담)",
  "play.optimizer.rmsprop": "RMSprop (제곱평균)",
  "play.optimizer.adagrad": "Adagrad (제곱합)",
  "play.more": "배치 크기, 시드, 정규화",
  "play.batch": "배치 크기",
  "play.seed": "가중치의 시드",
  "play.l1": "L1 정규화",
  "play.l2": "L2 정규화",
  "play.less": "층 빼기",
  "play.deeper": "은닉층 더하기",
  "play.width": "{layer}의 뉴런 수",
  "play.rewind": "처음으로",
  "play.speed.slow": "화면마다 한 배치",
  "play.speed.normal": "화면마다 한 에포크",
  "play.speed.fast": "가장 빠르게",
  "play.place": "에포크 {epoch}, 다음 에포크의 배치 {batch}/{batches}",
  "play.after": "에포크 {epoch}",
  "play.untrainable": "두 클래스의 학습용 점이 모두 있어야 학습할 수 있습니다.",
  "play.diverged":
    "에포크 {epoch}에서 값이 무한대나 NaN(숫자가 아님)이 되어 학습이 발산했습니다. 가중치는 그 에포크를 " +
    "시작하기 전의 값입니다. 학습률을 줄이고 처음으로 되돌려 보세요.",
  "play.replaying": "링크에 담긴 학습을 에포크 {epoch}까지 되풀이하고 있습니다…",
  "play.losses": "손실",
  "play.training": "학습용 점",
  "play.test": "테스트용 점",
  "play.score.loss": "손실 (학습)",
  "play.score.loss.test": "손실 (테스트)",
  "play.score.accuracy": "정확도 (학습)",
  "play.score.accuracy.test": "정확도 (테스트)",
  "play.legend":
    "작은 그림은 평면의 모든 점에서 그 뉴런의 활성값을 보여 줍니다. 파랑은 0보다 큰 값, 주황은 작은 값이며, " +
    "출력층에서는 클래스 1일 확률입니다. 선은 가중치입니다. 파랑은 양수, 주황 점선은 음수이고, 굵을수록 " +
    "큽니다. 아래 숫자는 십자 표시가 있는 점에서의 값입니다.",
  "play.input": "입력 x{number}",
  "play.input.text": "입력: 십자 표시가 있는 점의 좌표입니다.",
  "play.weight": "가중치 {from} → {to}: {value}. 누르면 바꿀 수 있습니다.",
  "play.weight.none": "선을 가리키면 가중치가 보입니다. 뉴런을 고르면 값을 바꿀 수 있습니다.",
  "play.surface":
    "평면 전체의 예측. 화살표 키로 십자 표시를 옮깁니다. 직접 찍은 점에서는 0과 1이 그 클래스의 점을 찍고 " +
    "Delete가 가장 가까운 점을 지웁니다.",
  "play.surface.keys":
    "포인터로 가리키거나 화살표 키로 십자 표시를 옮기세요. 직접 찍은 점에서는 누르거나 0 또는 1 키로 점을 " +
    "찍고, Delete로 가장 가까운 점을 지웁니다. ● 클래스 0, ■ 클래스 1",
  "play.cursor": "x₁ = {x}, x₂ = {y}: 클래스 {label}, {share}",
  "play.cursor.none": "x₁ = {x}, x₂ = {y}: 출력이 숫자가 아닙니다",
  "play.head.from": "들어오는 뉴런",
  "play.head.weight": "가중치",
  "play.head.value": "× 값",
  "play.head.product": "= 곱",
  "play.weight.of": "{name}에서 오는 가중치",
  "play.bias": "편향",
  "play.sum": "가중합:",
  "play.activation.at": "활성값:",
  "play.keep": "저장, 링크, 파이썬",
  "play.save": "모델 파일로 저장",
  "play.link": "이 학습으로 가는 링크",
  "play.opened": "{name}: 이 파일의 가중치에서 시작합니다.",
  "play.python": "파이썬으로 하는 같은 학습",
  "play.python.same": "파이썬에서도 이 페이지와 같은 값이 나옵니다(오차 1e-6 이내).",
  "play.python.changed":
    "학습 도중에 값을 바꾸었으므로 이 프로그램의 결과는 다릅니다. 지금 값을 남기려면 모델 파일로 저장하세요.",
  "play.refused.inputs":
    "놀이터는 입력이 2개인 신경망을 보여 줍니다. 이 신경망의 입력은 {count}개입니다.",
  "play.refused.outputs":
    "놀이터는 출력이 1개나 2개이고 분류하는(sigmoid나 softmax) 신경망을 보여 줍니다. 이 신경망의 출력은 " +
    "{count}개입니다.",
  "play.refused.layer": "놀이터는 {name} 층을 학습시키지 않습니다. pl.train을 쓰세요.",
  "play.refused.size":
    "놀이터는 뉴런 {neurons}개씩 은닉층 {layers}개까지 보여 줍니다. 이 신경망은 더 큽니다.",
};
