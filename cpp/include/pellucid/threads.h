// A few threads that share independent tasks. A sum is never split between them, so results do not
// depend on their number.
#pragma once

#include <algorithm>
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

#ifndef _WIN32
#include <pthread.h>
#endif

namespace pellucid {

inline void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

constexpr int kMostThreads = 256;  // more than pay for any network of this kind

using Task = void (*)(const void*, std::int64_t);

// Helpers of one caller. The caller works too, and waits only for helpers that have taken part: one
// that still sleeps, or has no processor, delays nothing. After its work a helper spins for a
// while, since batches follow each other within microseconds and waking takes longer than that;
// then it sleeps.
class Crew {
public:
    explicit Crew(int helpers) : shares_(static_cast<std::size_t>(helpers) + 1) {
        members_.reserve(static_cast<std::size_t>(helpers));
        try {
            for (int i = 1; i <= helpers; ++i) members_.emplace_back([this, i] { help(i); });
        } catch (const std::exception&) {
            // The system gives no more threads: those that there are do the work.
        }
    }

    ~Crew() {
        over_ = true;
        announce();
        for (std::thread& member : members_) member.join();
    }

    void work(std::int64_t tasks, const void* what, Task call) {
        job_ = {what, call};
        const std::int64_t n = static_cast<std::int64_t>(shares_.size());
        for (std::int64_t i = 0; i < n; ++i) {
            Share& share = shares_[static_cast<std::size_t>(i)];
            share.next = tasks * i / n, share.end = tasks * (i + 1) / n;
        }
        open_ = true;
        announce();
        take(0);
        open_ = false;
        for (unsigned tries = 1; inside_ != 0; ++tries) wait_a_little(tries);
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    }

private:
    static constexpr std::chrono::microseconds kSpin{100};

    struct Job {
        const void* what = nullptr;
        Task call = nullptr;
    };
    // Each thread begins with the same part of all tasks every time, whose values are still in its
    // core's own cache.
    struct alignas(64) Share {
        std::atomic<std::int64_t> next{0};
        std::int64_t end = 0;
    };

    void announce() {
        ++round_;
        if (asleep_ == 0) return;
        { std::lock_guard<std::mutex> hold(lock_); }  // a helper about to sleep now sleeps
        called_.notify_all();
    }

    // Does the tasks of its own share first, then what is left of the others'. An exception leaves
    // this through `thrown_` only: the caller must wait for the others, who still work on its data.
    void take(std::size_t own) noexcept {
        try {
            for (std::size_t i = 0; i < shares_.size(); ++i) {
                Share& share = shares_[(own + i) % shares_.size()];
                for (std::int64_t task; (task = share.next.fetch_add(1)) < share.end;)
                    job_.call(job_.what, task);
            }
        } catch (...) {
            for (Share& share : shares_) share.next = share.end;
            std::lock_guard<std::mutex> hold(lock_);
            if (!thrown_) thrown_ = std::current_exception();
        }
    }

    void help(int own) {
        for (std::uint64_t seen = 0;;) {
            seen = await(seen);
            if (over_) return;
            ++inside_;  // from here on the caller waits, unless it has closed the job before
            if (open_) take(static_cast<std::size_t>(own));
            --inside_;
        }
    }

    // Where processors are scarce, the thread that is waited for may be next in line for this one.
    static void wait_a_little(unsigned tries) {
        if (tries % 64 == 0)
            std::this_thread::yield();
        else
            relax();
    }

    // Returns the next round as soon as there is one.
    std::uint64_t await(std::uint64_t seen) {
        const auto until = std::chrono::steady_clock::now() + kSpin;
        for (unsigned tries = 1; round_ == seen; ++tries) {
            wait_a_little(tries);
            if (tries % 64 == 0 && std::chrono::steady_clock::now() > until) break;
        }
        if (round_ == seen) {
            std::unique_lock<std::mutex> hold(lock_);
            ++asleep_;
            called_.wait(hold, [&] { return round_ != seen; });
            --asleep_;
        }
        return round_;
    }

    Job job_;
    std::vector<Share> shares_;
    std::atomic<std::uint64_t> round_{0};
    std::atomic<int> inside_{0}, asleep_{0};
    std::atomic<bool> open_{false}, over_{false};
    std::exception_ptr thrown_;
    std::mutex lock_;
    std::condition_variable called_;
    std::vector<std::thread> members_;
};

// Crews of one size that are not at work. All engines with so many threads share them, so there are
// as many crews as engines that work at the same time; they end with the last of these engines.
class CrewPool {
public:
    explicit CrewPool(int helpers) : helpers_(helpers) {}

    std::unique_ptr<Crew> take() {
        {
            std::lock_guard<std::mutex> hold(lock_);
            if (!idle_.empty()) {
                std::unique_ptr<Crew> crew = std::move(idle_.back());
                idle_.pop_back();
                return crew;
            }
            idle_.reserve(++made_);  // so that putting one back cannot fail
        }
        return std::make_unique<Crew>(helpers_);
    }

    void put_back(std::unique_ptr<Crew> crew) noexcept {
        std::lock_guard<std::mutex> hold(lock_);
        idle_.push_back(std::move(crew));
    }

private:
    const int helpers_;
    std::size_t made_ = 0;
    std::mutex lock_;
    std::vector<std::unique_ptr<Crew>> idle_;
};

// The pool of each number of helpers, of this process: after a fork the child has none of its
// parent's threads, and locks may be held by threads that are gone. So the child begins anew, and
// what it inherits is left as it is: joining those threads, or destroying what they wait for, would
// never end.
class CrewPools {
public:
    static std::shared_ptr<CrewPool> of(int helpers) {
        CrewPools& pools = *current();
        std::lock_guard<std::mutex> hold(pools.lock_);
        std::weak_ptr<CrewPool>& known = pools.pools_[helpers];
        std::shared_ptr<CrewPool> pool = known.lock();
        if (!pool) known = pool = std::make_shared<CrewPool>(helpers);
        return pool;
    }

    // Grows by 1 in the child of each fork.
    static unsigned forks() { return forks_(); }

private:
    // Never destroyed: engines may live until the process ends.
    static CrewPools*& current() {
        static CrewPools* pools = [] {
#ifndef _WIN32  // where no process forks
            pthread_atfork(nullptr, nullptr, [] {
                ++forks_();
                current() = new CrewPools;
            });
#endif
            return new CrewPools;
        }();
        return pools;
    }

    static unsigned& forks_() {
        static unsigned count = 0;
        return count;
    }

    std::mutex lock_;
    std::weak_ptr<CrewPool> pools_[kMostThreads];  // by the number of helpers
};

class Threads {
public:
    explicit Threads(int count) : count_(std::clamp(count, 1, kMostThreads)) {}

    ~Threads() { leave_what_a_fork_left(); }

    // Calls task(i) for i from 0 to tasks - 1, each once, in any order and on any thread, and
    // returns when all are done. Tasks that are not worth sharing the caller does alone. What a
    // task throws is thrown to the caller, once no thread works any more; tasks not begun by then
    // are left.
    template <class F>
    void each(std::int64_t tasks, const F& task, bool shared = true) const {
        share_out(
            tasks, &task, [](const void* f, std::int64_t i) { (*static_cast<const F*>(f))(i); },
            shared);
    }

    int count() const { return count_; }

private:
    void share_out(std::int64_t tasks, const void* what, Task call, bool shared) const {
        // A caller that finds the helpers at work for another thread does its tasks alone. (So
        // does the child of a fork for ever, should another thread have held `taken_` then: the
        // results are the same.)
        std::unique_lock<std::mutex> mine(taken_, std::defer_lock);
        if (!shared || count_ == 1 || tasks < 2 || !mine.try_lock()) {
            for (std::int64_t i = 0; i < tasks; ++i) call(what, i);
            return;
        }
        leave_what_a_fork_left();
        if (!pool_) {
            pool_ = CrewPools::of(count_ - 1);
            forks_ = CrewPools::forks();
        }
        struct Borrowed {
            CrewPool& pool;
            std::unique_ptr<Crew> crew;
            ~Borrowed() { pool.put_back(std::move(crew)); }
        };
        const Borrowed borrowed{*pool_, pool_->take()};
        borrowed.crew->work(tasks, what, call);
    }

    void leave_what_a_fork_left() const {
        if (pool_ && forks_ != CrewPools::forks()) new std::shared_ptr<CrewPool>(std::move(pool_));
    }

    const int count_;
    mutable std::mutex taken_;
    mutable unsigned forks_ = 0;
    mutable std::shared_ptr<CrewPool> pool_;
};

}  // namespace pellucid
