#include "controller/cli/processors.hpp"

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

namespace faultlab {

std::size_t Processors::count() const {
    return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

void Processors::run(const std::function<void()>& body) const {
    std::vector<std::exception_ptr> thrown(count());
    {
        std::vector<std::jthread> threads;
        for (std::exception_ptr& mine : thrown) {
            threads.emplace_back([&body, &mine] {
                try {
                    body();
                } catch (...) {
                    mine = std::current_exception();
                }
            });
        }
    }
    for (const std::exception_ptr& one : thrown) {
        if (one) std::rethrow_exception(one);
    }
}

} // namespace faultlab
