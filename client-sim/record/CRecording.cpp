#include "client-sim/record/CRecording.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

CRecording::CRecording(std::span<const std::byte> record) {
  CFrameRecord reader(record);
  std::unordered_map<uint32_t, size_t> places;
  while (const std::optional<SRecordedFrame> entry = reader.Next()) {
    const Nanoseconds at = ToNanoseconds(static_cast<double>(entry->atNs));
    const auto [place, isNew] = places.try_emplace(entry->connection, m_connections.size());
    if (isNew) m_connections.push_back({entry->connection, at, at, {}, {}});
    Add(m_connections[place->second], at, *entry);
    m_length = std::max(m_length, at);
  }
  m_isCutOff = !reader.IsAtEnd();
  for (SRecordedConnection& connection : m_connections) {
    const bool hasEnd = !connection.steps.empty() && connection.steps.back().frame.empty();
    if (!hasEnd) connection.steps.push_back({connection.end, connection.replies.size(), {}});
  }
  FindPeak();
}

void CRecording::Add(SRecordedConnection& connection, Nanoseconds at, const SRecordedFrame& entry) {
  connection.end = std::max(connection.end, at);
  if (entry.direction == EDirection::kToClient) {
    if (!IsReply(entry.bytes)) return;
    connection.replies.push_back(entry.bytes);
    ++m_replies;
    return;
  }
  const bool hasEnded = !connection.steps.empty() && connection.steps.back().frame.empty();
  if (hasEnded) return;
  connection.steps.push_back({at, connection.replies.size(), entry.bytes});
  if (!entry.bytes.empty()) ++m_requests;
}

void CRecording::FindPeak() {
  std::vector<std::pair<Nanoseconds, int>> changes;
  for (const SRecordedConnection& connection : m_connections) {
    changes.emplace_back(connection.open, 1);
    changes.emplace_back(connection.end, -1);
  }
  // At one and the same time, those that open come before those that close.
  std::sort(changes.begin(), changes.end(), [](const auto& left, const auto& right) {
    return left.first != right.first ? left.first < right.first : left.second > right.second;
  });
  int open = 0;
  for (const auto& [at, change] : changes) {
    open += change;
    m_peak = std::max(m_peak, static_cast<size_t>(open));
  }
}

bool CRecording::IsReply(std::span<const std::byte> frame) {
  return frame.size() >= kHeaderBytes && SFrame::At(frame.data()).msgCode != kGoAwayCode;
}

}  // namespace switchboard::sim
