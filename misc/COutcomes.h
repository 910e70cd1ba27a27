#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchboard {

// How the orders of one kind went that a server was given, such as its reloads: for a command that waits for it.
// It lies in shared memory. Threads: one writer, of the server; any reader.
class COutcomes {
 public:
  struct SOutcome {
    bool isDone = false;
    std::string text;  // one line
  };

  static constexpr size_t kMaxText = 1000;

  void Begin() { m_begun.fetch_add(1, std::memory_order_release); }
  // Of what has begun last; `text` is cut to kMaxText bytes.
  void End(bool isDone, std::string_view text);

  // So many have begun.
  uint32_t Begun() const { return m_begun.load(std::memory_order_acquire); }
  // The last outcome, once it is that of an order that began after `begun` others; nullopt until then.
  std::optional<SOutcome> After(uint32_t begun) const;

 private:
  static_assert(std::atomic<uint32_t>::is_always_lock_free);

  std::atomic<uint32_t> m_begun{0};
  std::atomic<uint32_t> m_ended{0};  // the number of the last that has
  std::atomic<uint32_t> m_isDone{0};
  std::atomic<uint32_t> m_length{0};
  std::array<char, kMaxText> m_text{};
};

}  // namespace switchboard
