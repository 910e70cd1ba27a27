#pragma once

#include <functional>
#include <string>
#include <thread>

namespace switchboard {

// A named thread that blocks every signal but those of its own faults, which find a CSignalStack, and is joined at the
// latest by its destructor.
// Threads: the owner's. The name shows in `top -H` and is cut to the 15 bytes that Linux keeps.
class CThread {
 public:
  CThread() = default;
  CThread(std::string name, std::function<void()> body);
  ~CThread() { Join(); }
  CThread(CThread&&) = default;
  CThread& operator=(CThread&& other) noexcept;

  // Waits for the end of the body; nothing to do when it never started or was joined.
  void Join();
  bool IsJoinable() const { return m_thread.joinable(); }
  // True when called on this very thread.
  bool IsCurrent() const { return m_thread.get_id() == std::this_thread::get_id(); }

 private:
  std::thread m_thread;
};

}  // namespace switchboard
