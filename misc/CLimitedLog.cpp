#include "misc/CLimitedLog.h"

#include <algorithm>
#include <utility>

namespace switchboard {

namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr size_t kLastBytes = 200;  // of a line that is repeated with its count

}  // namespace

bool CLimitedLog::Pass(const SSubject& subject, ELogLevel level) {
  const MonotonicTime now = m_clock.Now();
  bool isWakeUpDue = false;
  {
    CMutexLock lock(m_mutex);
    SEntry& entry = EntryOf(subject, now);
    // A count that is due has to be told first.
    if (now >= entry.next && entry.heldBack == 0) {
      entry.next = now + kInterval;
      entry.level = level;
      return true;
    }
    if (++entry.heldBack == 1 && (!m_nextFlush || entry.next < *m_nextFlush)) {
      m_nextFlush = entry.next;
      isWakeUpDue = true;
    }
  }
  if (isWakeUpDue) m_wake();
  return false;
}

CLimitedLog::SEntry& CLimitedLog::EntryOf(const SSubject& subject, MonotonicTime now) {
  const auto found = m_entries.find(subject);
  if (found != m_entries.end()) return found->second;
  if (m_entries.size() >= kSubjects) {
    std::erase_if(m_entries,
                  [now](const auto& entry) { return entry.second.heldBack == 0 && entry.second.next <= now; });
  }
  return m_entries[m_entries.size() < kSubjects ? subject : SSubject{}];
}

void CLimitedLog::Remember(const SSubject& subject, const std::string& line) {
  CMutexLock lock(m_mutex);
  const auto found = m_entries.find(subject);
  if (found != m_entries.end()) found->second.last = line.substr(0, kLastBytes);
}

std::optional<MonotonicTime> CLimitedLog::NextFlush() {
  CMutexLock lock(m_mutex);
  return m_nextFlush;
}

void CLimitedLog::Flush(MonotonicTime now) {
  std::vector<SEntry> due;
  {
    CMutexLock lock(m_mutex);
    if (!m_nextFlush || now < *m_nextFlush) return;
    m_nextFlush.reset();
    for (auto& [subject, entry] : m_entries) {
      if (entry.heldBack == 0) continue;
      if (entry.next <= now) {
        due.push_back(entry);
        entry.heldBack = 0;
        entry.next = now + kInterval;
      } else {
        m_nextFlush = m_nextFlush ? std::min(*m_nextFlush, entry.next) : entry.next;
      }
    }
  }
  Tell(due);
}

void CLimitedLog::FlushAll() { Flush(MonotonicTime::max() - kInterval); }

void CLimitedLog::Tell(const std::vector<SEntry>& entries) {
  for (const SEntry& entry : entries) {
    m_log.At(entry.level, fmt::format("{} more like it were held back: {}", entry.heldBack,
                                      entry.last.empty() ? "of several kinds" : entry.last));
  }
}

}  // namespace switchboard
