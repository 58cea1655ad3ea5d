// A few threads that share out independent tasks. Sums are never split, so results do not depend on how many there are.
#pragma once

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace pellucid {

class Threads {
public:
    explicit Threads(int count) : count_(count < 1 ? 1 : count) {}

    // Calls task(i) for i from 0 to tasks - 1, each once, in any order and on any thread; returns when all are done.
    template <class F>
    void each(std::int64_t tasks, const F& task) const {
        // Whoever finds the others at work for somebody else does its tasks alone.
        std::unique_lock<std::mutex> mine(taken_, std::defer_lock);
        if (count_ == 1 || tasks < 2 || !mine.try_lock()) {
            for (std::int64_t i = 0; i < tasks; ++i) task(i);
            return;
        }
        // After a fork the child has none of its parent's threads: it makes its own.
        if (!crew_ || crew_->owner != getpid()) {
            if (crew_) (void)crew_.release();  // its threads are not here to be joined
            crew_ = std::make_unique<Crew>(count_ - 1);
        }
        crew_->work(tasks, [&task](std::int64_t i) { task(i); });
    }

    int count() const { return count_; }

private:
    struct Crew {
        explicit Crew(int helpers) {
            for (int i = 0; i < helpers; ++i) members.emplace_back([this] { help(); });
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
        }
        void take() {
            for (std::int64_t i; (i = next.fetch_add(1)) < total;) job(i);
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
        std::int64_t total = 0;
        std::uint64_t round = 0;
        int busy = 0;
        bool over = false;
        std::vector<std::thread> members;
    };

    int count_;
    mutable std::mutex taken_;
    mutable std::unique_ptr<Crew> crew_;
};

}  // namespace pellucid
