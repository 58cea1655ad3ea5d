// A few threads that share out independent tasks. Sums are never split, so results do not depend on
// how many there are.
#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pellucid {

inline void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

class Threads {
public:
    explicit Threads(int count) : count_(count < 1 ? 1 : count) {}
    ~Threads() { leave_what_a_fork_left(); }

    // Calls task(i) for i from 0 to tasks - 1, each once, in any order and on any thread; returns
    // when all are done. Those that are not worth sharing the caller does alone. What a task throws
    // is thrown to the caller, once no thread works any more; tasks not begun by then are left.
    template <class F>
    void each(std::int64_t tasks, const F& task, bool shared = true) const {
        share_out(
            tasks, &task, [](const void* f, std::int64_t i) { (*static_cast<const F*>(f))(i); },
            shared);
    }

    int count() const { return count_; }

private:
    using Task = void (*)(const void*, std::int64_t);

    void share_out(std::int64_t tasks, const void* what, Task call, bool shared) const {
        // Whoever finds the others at work for somebody else does its tasks alone.
        std::unique_lock<std::mutex> mine(taken_, std::defer_lock);
        if (!shared || count_ == 1 || tasks < 2 || !mine.try_lock()) {
            for (std::int64_t i = 0; i < tasks; ++i) call(what, i);
            return;
        }
        leave_what_a_fork_left();
        if (!crew_) crew_ = std::make_unique<Crew>(count_ - 1);
        crew_->work(tasks, what, call);
    }

    // The caller works too, and waits only for helpers that have taken part: one that still sleeps,
    // or has no processor, holds nothing up. After its work a helper looks out for more for a
    // while, since batches follow each other within microseconds and waking takes longer than that;
    // then it sleeps.
    struct Crew {
        static constexpr std::chrono::microseconds kLookout{100};

        explicit Crew(int helpers) : shares(static_cast<std::size_t>(helpers) + 1) {
            members.reserve(static_cast<std::size_t>(helpers));
            try {
                for (int i = 1; i <= helpers; ++i) members.emplace_back([this, i] { help(i); });
            } catch (const std::exception&) {
                // The system gives no more threads: those that there are do the work.
            }
        }
        ~Crew() {
            over = true;
            announce();
            for (std::thread& member : members) member.join();
        }
        void work(std::int64_t tasks, const void* what, Task call) {
            job = {what, call};
            const std::int64_t n = static_cast<std::int64_t>(shares.size());
            for (std::int64_t i = 0; i < n; ++i) {
                Share& share = shares[static_cast<std::size_t>(i)];
                share.next = tasks * i / n, share.end = tasks * (i + 1) / n;
            }
            open = true;
            announce();
            take(0);
            open = false;
            for (int tries = 1; inside != 0; ++tries) wait_a_little(tries);
            if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
        }
        void announce() {
            ++round;
            if (asleep == 0) return;
            { std::lock_guard<std::mutex> hold(lock); }  // whoever is about to sleep has done so
            called.notify_all();
        }
        // Does first the tasks of one's own share, then what is left of the others'. Nothing may
        // leave this but by `thrown`: the caller must wait for the others, who still work on its
        // data.
        void take(std::size_t own) noexcept {
            try {
                for (std::size_t i = 0; i < shares.size(); ++i) {
                    Share& share = shares[(own + i) % shares.size()];
                    for (std::int64_t task; (task = share.next.fetch_add(1)) < share.end;)
                        job.call(job.what, task);
                }
            } catch (...) {
                for (Share& share : shares) share.next = share.end;
                std::lock_guard<std::mutex> hold(lock);
                if (!thrown) thrown = std::current_exception();
            }
        }
        void help(int own) {
            for (std::uint64_t seen = 0;;) {
                seen = await(seen);
                if (over) return;
                ++inside;  // from here on the caller waits, unless it has closed the job before
                if (open) take(static_cast<std::size_t>(own));
                --inside;
            }
        }
        // Where processors are scarce, whoever is waited for may be next in line for this one.
        static void wait_a_little(int tries) {
            if (tries % 64 == 0)
                std::this_thread::yield();
            else
                relax();
        }
        // Gives the next round, as soon as there is one.
        std::uint64_t await(std::uint64_t seen) {
            const auto until = std::chrono::steady_clock::now() + kLookout;
            for (int tries = 1; round == seen; ++tries) {
                wait_a_little(tries);
                if (tries % 64 == 0 && std::chrono::steady_clock::now() > until) break;
            }
            if (round == seen) {
                std::unique_lock<std::mutex> hold(lock);
                ++asleep;
                called.wait(hold, [&] { return round != seen; });
                --asleep;
            }
            return round;
        }
        struct Job {
            const void* what = nullptr;
            Task call = nullptr;
        };
        // Each begins with the same part of all tasks every time, whose numbers are still in its
        // core's own cache.
        struct alignas(64) Share {
            std::atomic<std::int64_t> next{0};
            std::int64_t end = 0;
        };
        const pid_t owner = getpid();
        Job job;
        std::vector<Share> shares;
        std::atomic<std::uint64_t> round{0};
        std::atomic<int> inside{0}, asleep{0};
        std::atomic<bool> open{false}, over{false};
        std::exception_ptr thrown;
        std::mutex lock;
        std::condition_variable called;
        std::vector<std::thread> members;
    };

    // After a fork the child has none of its parent's threads: the crew is left as it is, since
    // joining them, or destroying the condition on which they wait, would never end. (Should
    // another thread of the parent have held `taken_` then, the child works alone: the results are
    // the same.)
    void leave_what_a_fork_left() const {
        if (crew_ && crew_->owner != getpid()) (void)crew_.release();
    }

    int count_;
    mutable std::mutex taken_;
    mutable std::unique_ptr<Crew> crew_;
};

}  // namespace pellucid
