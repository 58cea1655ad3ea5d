// A few threads that share out independent tasks. Sums are never split, so results do not depend on how many there are.
#pragma once

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pellucid {

class Threads {
public:
    explicit Threads(int count) : count_(count < 1 ? 1 : count) {}
    ~Threads() { leave_what_a_fork_left(); }

    // Calls task(i) for i from 0 to tasks - 1, each once, in any order and on any thread; returns when all are done.
    // What a task throws is thrown to the caller, once no thread works any more; tasks not begun by then are left.
    template <class F>
    void each(std::int64_t tasks, const F& task) const {
        // Whoever finds the others at work for somebody else does its tasks alone.
        std::unique_lock<std::mutex> mine(taken_, std::defer_lock);
        if (count_ == 1 || tasks < 2 || !mine.try_lock()) {
            for (std::int64_t i = 0; i < tasks; ++i) task(i);
            return;
        }
        leave_what_a_fork_left();
        if (!crew_) crew_ = std::make_unique<Crew>(count_ - 1);
        crew_->work(tasks, [&task](std::int64_t i) { task(i); });
    }

    int count() const { return count_; }

private:
    struct Crew {
        explicit Crew(int helpers) {
            members.reserve(static_cast<std::size_t>(helpers));
            try {
                for (int i = 0; i < helpers; ++i) members.emplace_back([this] { help(); });
            } catch (const std::exception&) {
                // The system gives no more threads: those that there are do the work.
            }
        }
        ~Crew() {
            {
                std::lock_guard<std::mutex> hold(lock);
                over = true;
            }
            called.notify_all();
            for (std::thread& member : members) member.join();
        }
        void work(std::int64_t tasks, std::function<void(std::int64_t)> task) {
            {
                std::lock_guard<std::mutex> hold(lock);
                job = std::move(task);
                total = tasks;
                next = 0;
                busy = static_cast<int>(members.size());
                ++round;
            }
            called.notify_all();
            take();
            std::unique_lock<std::mutex> hold(lock);
            finished.wait(hold, [this] { return busy == 0; });
            if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
        }
        // Nothing may leave this but by `thrown`: the caller must wait for the others, who still work on its data.
        void take() noexcept {
            try {
                for (std::int64_t i; (i = next.fetch_add(1)) < total;) job(i);
            } catch (...) {
                next = total;
                std::lock_guard<std::mutex> hold(lock);
                if (!thrown) thrown = std::current_exception();
            }
        }
        void help() {
            std::uint64_t seen = 0;
            for (;;) {
                {
                    std::unique_lock<std::mutex> hold(lock);
                    called.wait(hold, [&] { return over || round != seen; });
                    if (over) return;
                    seen = round;
                }
                take();
                std::lock_guard<std::mutex> hold(lock);
                if (--busy == 0) finished.notify_one();
            }
        }
        const pid_t owner = getpid();
        std::mutex lock;
        std::condition_variable called, finished;
        std::function<void(std::int64_t)> job;
        std::atomic<std::int64_t> next{0};
        std::exception_ptr thrown;
        std::int64_t total = 0;
        std::uint64_t round = 0;
        int busy = 0;
        bool over = false;
        std::vector<std::thread> members;
    };

    // After a fork the child has none of its parent's threads: the crew is left as it is, since joining them, or
    // destroying the condition on which they wait, would never end. (Should another thread of the parent have held
    // `taken_` then, the child works alone: the results are the same.)
    void leave_what_a_fork_left() const {
        if (crew_ && crew_->owner != getpid()) (void)crew_.release();
    }

    int count_;
    mutable std::mutex taken_;
    mutable std::unique_ptr<Crew> crew_;
};

}  // namespace pellucid
