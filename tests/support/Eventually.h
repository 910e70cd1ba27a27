#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace switchboard {

// How long a test waits for what must happen; far longer than it takes, also under a sanitizer on a busy machine.
inline constexpr std::chrono::seconds kPatience{30};

// Waits until `predicate` holds; false when it didn't within `patience`. For conditions that nobody announces, such as
// a counter in shared memory: it looks again every millisecond. Threads: any.
template <class Predicate>
bool Eventually(Predicate predicate, std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::mutex mutex;
  std::condition_variable nobodyNotifies;
  std::unique_lock lock(mutex);
  while (!predicate()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    nobodyNotifies.wait_for(lock, std::chrono::milliseconds{1});
  }
  return true;
}

}  // namespace switchboard
