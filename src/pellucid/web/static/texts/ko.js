// 페이지의 한국어 문구. {자리}에는 값이 들어갑니다. 키는 en.js와 같습니다.

export const ko = {
  "page.title": "{name} – pellucid 신경망",
  "page.skip": "그림판으로 건너뛰기",
  "page.failed": "페이지를 시작하지 못했습니다: {reason}",
  "page.licence":
    "테스트 숫자: MNIST, 저작권 Yann LeCun·Corinna Cortes, CC BY-SA 3.0 라이선스. 이 페이지는 외부 서버와 통신하지 않습니다.",
  "page.no-digits": "이 페이지는 외부 서버와 통신하지 않습니다.",
  "header.parameters": "파라미터 {count}개",
  "header.accuracy": "테스트 숫자 {rows}개 중 {accuracy} 정답",
  "header.trained": "여기서 학습한 신경망",
  "header.language": "English",
  "header.theme": "테마",
  "theme.system": "시스템",
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
  "load.next.short": "다음",
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
  "answer.spoken.none": "그린 것이 없어 답이 없습니다.",
  "answer.spoken": "신경망의 답은 {label}, {value}입니다.",
  "answer.spoken.value": "신경망의 답은 {value}입니다.",
  "answer.values": "값",

  "layer.input": "입력층",
  "layer.hidden": "은닉층 {number}",
  "layer.short": "은닉 {number}",
  "layer.output": "출력층",
  "layer.neurons": "{layer}: 뉴런 {count}개",
  "layer.more": "외 {count}개",

  "stage.label": "신경망: 뉴런 {shape}개",
  "stage.picture": "입력: 픽셀마다 하나씩 뉴런 {count}개, 그중 {active}개가 켜져 있습니다",
  "stage.help": "화살표 키로 뉴런 사이를 움직이고, Enter로 엽니다.",
  "stage.positive": "양의 가중치",
  "stage.negative": "음의 가중치",
  "stage.on": "켜짐: 활성값 1",
  "stage.off": "꺼짐: 0",

  "neuron.label": "{layer}, 뉴런 {name}: 가중합 {sum}, 편향 {bias}, 활성값 {activation}",
  "neuron.label.plain": "{layer}, 뉴런 {name}: 활성값 {activation}",
  "neuron.label.off": "{layer}, 뉴런 {name}: 꺼 둠, 활성값 0",
  "neuron.name": "{layer}, 뉴런 {name}",
  "neuron.close": "닫기",
  "neuron.hint": "뉴런을 고르면 그 값을 어떻게 계산하는지 보입니다.",
  "start.title": "여기서 시작하세요",
  "start.lesson": "수업: 뉴런이란 무엇인지 짧은 11단계로",
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
  "lesson.previous": "이전",
  "lesson.next": "다음",
  "lesson.again": "그림 되돌려 놓기",
  "lesson.end": "수업 마치기",
  "lesson.onward": "이제 무엇을 해 볼까요?",
  "lesson.show": "표시한 곳 보기",
  "lesson.neuron.title": "뉴런은 숫자 하나",
  "lesson.neuron.text":
    "여기서 뉴런은 0과 1 사이의 숫자 하나를 담습니다. 이 숫자가 활성값입니다. 0이면 꺼져 있고, 1이면 환하게 켜져 있습니다. 표시한 은닉층 1 뉴런의 활성값은 " +
    "지금 {activation}입니다.",
  "lesson.neuron.try": "숫자를 직접 그리면서 값이 어떻게 변하는지 보세요.",
  "lesson.pixels.title": "픽셀 {inputs}개가 입력이 됩니다",
  "lesson.pixels.text":
    "28 × 28 픽셀은 숫자 {inputs}개입니다. 검은색은 0, 흰색은 1입니다. 픽셀 하나가 입력 뉴런 하나의 활성값이 되고, 지금 {active}개가 켜져 " +
    "있습니다. 사람은 한눈에 알아보지만, 신경망이 받는 것은 이 숫자 {inputs}개뿐입니다.",
  "lesson.pixels.try": "밝기를 줄여 보세요. 우리 눈에는 여전히 3입니다. 신경망에게도 그럴까요?",
  "lesson.layers.title": "층",
  "lesson.layers.text":
    "입력이 첫째 층입니다. 마지막 층에는 숫자마다 하나씩 뉴런 10개가 있어서, 그림이 그 숫자와 얼마나 일치하는지를 나타냅니다. 그 사이에 은닉층이 " +
    "있습니다({shape}). 한 층의 활성값이 다음 층의 활성값을 정하고, 가장 밝은 출력이 답입니다. 지금 답은 {answer}입니다.",
  "lesson.layers.try":
    "뉴런을 눌러 보거나 포인터와 화살표 키로 훑으며 무엇과 이어져 있는지 보세요. 테두리를 찾고, 동그라미와 선을 찾으리라고 기대하기 쉽지만, 이 뉴런들이 정말 " +
    "그런지는 직접 확인해 보세요.",
  "lesson.weights.title": "가중치",
  "lesson.weights.text":
    "연결마다 가중치라는 숫자가 있습니다. 뉴런은 앞 층의 모든 값에 가중치를 곱해서 더합니다. 여기서는 {products}입니다. 가중치 {inputs}개를 그림으로 " +
    "놓으면, 획이 지나갈 때 합이 커지는 곳(파랑)과 작아지는 곳(주황 격자무늬)이 보입니다.",
  "lesson.weights.try":
    "다른 테스트 숫자를 불러오세요. 가중치는 그대로이고, 가중치 × 입력이 달라집니다.",
  "lesson.bias.title": "편향이 임곗값을 정합니다",
  "lesson.bias.text":
    "뉴런은 언제 켜져야 할까요? 합에 편향을 더합니다. 여기서는 {bias}입니다. 그래서 가중치 × 입력이 임곗값 {threshold}보다 커야 활성값이 0.5를 " +
    "넘습니다. 지금 그 값은 {products}이고, 편향을 더한 가중합은 {sum}입니다.",
  "lesson.bias.try": "뉴런 정보의 “{tune}”에서 편향을 움직여 보세요. 어디서 꺼지나요?",
  "lesson.sigmoid.title": "시그모이드",
  "lesson.sigmoid.text":
    "가중합은 어떤 수든 될 수 있습니다. 시그모이드 σ(z) = 1 / (1 + e⁻ᶻ)는 이것을 0과 1 사이의 수로 바꿉니다. 0보다 아주 작으면 0에, 아주 크면 " +
    "1에 가까워지고, 0은 0.5가 됩니다. 여기서 {sum}의 시그모이드 값은 {activation}입니다.",
  "lesson.sigmoid.try": "천천히 그리면서 점이 곡선을 따라 움직이는 것을 보세요.",
  "lesson.matrix.title": "한 층을 한 줄로",
  "lesson.matrix.text":
    "한 층에 있는 뉴런들의 가중치를 나란히 세우면 행렬 W의 열이 됩니다. 그러면 층 전체가 y = σ(x W + b) 한 줄입니다. 그림 여러 장, 곧 미니배치는 " +
    "x의 행이 되고, 같은 식으로 한꺼번에 계산합니다. 입력에서 출력까지 가는 이 계산이 순전파입니다.",
  "lesson.matrix.try":
    "“{matrix}” 패널에서 그림의 수를 바꾸면서 모양(shape)이 어떻게 달라지는지 보세요.",
  "lesson.count.title": "파라미터 {parameters}개",
  "lesson.count.text":
    "이 신경망이 학습하는 것은 가중치와 편향뿐입니다. 층마다 앞뒤 뉴런의 쌍마다 가중치 하나, 자기 뉴런마다 편향 하나가 있습니다. “{count}” 패널에서 모두 " +
    "더하면 {parameters}개입니다.",
  "lesson.count.try": "은닉층 2의 파라미터는 몇 개일까요? 먼저 계산해 보고 확인하세요.",
  "lesson.activations.title": "활성화 함수가 필요한 이유",
  "lesson.activations.text":
    "활성화 함수가 없으면 층을 쌓아도 소용이 없습니다. g(x) = 4x + 1 다음에 f(x) = 3x + 2를 이으면 f(g(x)) = 3(4x + 1) + 2 = " +
    "12x + 5, 다시 직선 하나입니다. 아무리 많이 쌓아도 마찬가지입니다. 그 사이에 휘어지는 것이 있어야 합니다.",
  "lesson.activations.try":
    "둘 사이에 시그모이드를 넣고 x를 움직여 보세요. 그런 다음 “{change}” 패널을 열어 활성화 함수를 모두 없애 보세요.",
  "lesson.learning.title": "학습",
  "lesson.learning.text":
    "숫자 {parameters}개를 사람이 일일이 정하지는 않습니다. 처음에는 무작위입니다. 손실은 답이 얼마나 틀렸는지 나타내고, 역전파는 숫자마다 어느 쪽으로 " +
    "바꿔야 손실이 줄어드는지 구합니다. 모두 그쪽으로 조금씩 움직이기를 배치마다 되풀이합니다. 그래도 완벽해지지는 않습니다. 이 그림에 대한 답은 " +
    "{answer}입니다.",
  "lesson.learning.try":
    "“{back}” 패널을 열어 보세요. 정답을 내려면 어떤 뉴런이 더 밝아져야 할까요?",
  "lesson.torch.title": "PyTorch로 똑같이",
  "lesson.torch.text":
    "지금까지 본 것은 특별한 신경망이 아닙니다. “{torch}” 패널에서 pellucid와 PyTorch 코드를 나란히 비교해 보세요. 한 가지가 다릅니다. " +
    "nn.Linear는 가중치를 전치하여 (출력, 입력) 모양으로 저장하고 x Wᵀ + b를 계산합니다. 결과는 같습니다.",
  "lesson.torch.try": "어느 쪽이든 노트북에 복사해서 실행해 보세요.",

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
  "term.rate": "학습률",
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
  "codes.text":
    "아직 학습하지 않은 이 신경망을 두 라이브러리로 작성한 코드입니다. x는 픽셀이 0부터 255까지인 그림 (N, 28, 28), t는 그 숫자입니다. 손실과 " +
    "옵티마이저도 같습니다.",

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
    "수업에 쓰려면 페이지를 파일 하나(pellucid export MODEL --to html page.html)나 폴더 하나(--to site 폴더)로 만들어 학교 " +
    "웹 사이트에 올리고, 그 주소를 위에 적으세요. 다른 것은 필요 없습니다.",
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
  "why.sum.black": "입력이 모두 0일 때의 활성값",
  "why.sum.plus": "늘리는 입력",
  "why.sum.minus": "줄이는 입력",
  "why.sum.now": "지금 활성값",
  "why.gap":
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
    "신경망을 학습 데이터 50,000개로 학습합니다. 다른 10,000개는 검증 데이터로 따로 두고, 학습하지 않은 숫자도 맞히는지 확인합니다. 은닉층 1의 뉴런을 " +
    "하나 골라 가중치가 뚜렷해지는 모습을 보세요.",
  "learn.offline":
    "이 페이지는 파일 하나입니다. 담긴 숫자 500개는 살펴보고 평가하기에는 충분하지만 학습하기에는 너무 적습니다. 학습에는 pellucid에 들어 있는 학습 데이터 " +
    "50,000개와 계산 엔진이 필요합니다. 컴퓨터에 pellucid를 설치하고 다음 명령을 실행하면 같은 페이지가 학습 기능과 함께 열리고, 테스트 숫자 " +
    "10,000개 모두로 평가합니다.",
  "learn.play": "재생",
  "learn.pause": "일시 정지",
  "learn.step": "한 배치",
  "learn.epoch": "한 에포크",
  "learn.place": "에포크 {epoch}, 배치 {batch}/{batches}",
  "learn.after": "에포크 {epoch}까지 학습",
  "learn.edited": "손실과 정확도는 직접 바꾼 것을 뺀, 학습 중인 신경망의 값입니다.",
  "learn.loss": "손실",
  "learn.accuracy": "정확도 (검증 데이터)",
  "learn.shares": "정확도",
  "learn.training": "학습 데이터",
  "learn.held": "검증 데이터",
  "learn.back": "되돌아갈 에포크",
  "learn.rate": "학습률",
  "learn.batch": "배치 크기 (다음 에포크부터)",
  "learn.pace": "속도",
  "learn.pace.slow": "1초에 배치 20개",
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
    "죽은 뉴런 {count}개 ({names}): 숫자 1,000개 모두에서 곡선의 평평한 곳에 있어 기울기가 전해지지 않고, 더는 학습하지 못합니다. 학습률을 " +
    "줄이거나 다른 시드로 시작해 보세요.",
  "learn.saturated":
    "포화된 뉴런 {count}개 ({names}): 숫자 1,000개 거의 모두에서 곡선의 한쪽 끝에 있어 느리게 학습합니다.",
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
};
