#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// Log lines that others can cause at will: of each subject one a second, and how many more there were is told once the
// second is over. There is room for kSubjects at a time; what is beyond them shares one line.
// Threads: any.
class CLimitedLog {
 public:
  static constexpr size_t kSubjects = 256;

  // What lines are about: the same kind and number are the same subject.
  struct SSubject {
    enum class EKind : uint16_t {
      kOther,
      kReject,
      kThrew,
      kRouteThrew,
      kRouteFailed,
      kConnectThrew,
      kDisconnectThrew,
      kJobThrew,
      kLostThrew,
      kClose,
      kSlow,
      kAcceptRests,
      kRefused,
      kMemory,
      kAccessLog,
      kTransfer,
      kTransferFailed,
      kOfLogic
    };
    EKind kind = EKind::kOther;
    uint16_t reason = 0;
    uint32_t number = 0;

    bool operator<(const SSubject& other) const {
      return std::tie(kind, reason, number) < std::tie(other.kind, other.reason, other.number);
    }
  };

  // `wake` is called, outside of the lock, when NextFlush has become earlier than it was; both outlive it.
  CLimitedLog(CLog& log, const CClock& clock, std::function<void()> wake)
      : m_log(log), m_clock(clock), m_wake(std::move(wake)) {}

  // `text` gives the line, and is called only when it is written: at kDebug that is always.
  template <class Text>
  void Write(ELogLevel level, const SSubject& subject, Text text) {
    if (!m_log.IsOn(level)) return;
    if (m_log.IsOn(ELogLevel::kDebug) || Pass(subject, level)) {
      const std::string line = text();
      Remember(subject, line);
      m_log.At(level, line);
    }
  }

  // A warning of the logic's own; `number`, of its choice, says what it's about.
  template <class... Args>
  void Warn(uint32_t number, fmt::format_string<Args...> format, Args&&... args) {
    Write(ELogLevel::kWarn, {SSubject::EKind::kOfLogic, 0, number},
          [&] { return fmt::format(format, std::forward<Args>(args)...); });
  }

  // For lines that only the server itself causes.
  CLog& Log() { return m_log; }

  // When the next count is due; nullopt when none was held back.
  std::optional<MonotonicTime> NextFlush();
  // Tells the counts that are due.
  void Flush(MonotonicTime now);
  // Tells all of them: nothing more will come.
  void FlushAll();

 private:
  struct SEntry {
    MonotonicTime next{};  // until then all is held back
    uint64_t heldBack = 0;
    ELogLevel level = ELogLevel::kWarn;
    std::string last;  // the line that was written
  };

  // Whether a line may be written now.
  bool Pass(const SSubject& subject, ELogLevel level);
  void Remember(const SSubject& subject, const std::string& line);
  SEntry& EntryOf(const SSubject& subject, MonotonicTime now) REQUIRES(m_mutex);
  void Tell(const std::vector<SEntry>& entries);

  CLog& m_log;
  const CClock& m_clock;
  const std::function<void()> m_wake;

  CMutex m_mutex;
  std::map<SSubject, SEntry> m_entries GUARDED_BY(m_mutex);
  std::optional<MonotonicTime> m_nextFlush GUARDED_BY(m_mutex);
};

}  // namespace switchboard
