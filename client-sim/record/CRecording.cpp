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
    const auto [place, isNew] = places.try_emplace(entry->connection, m_connections.size());
    if (isNew) m_connections.push_back({entry->connection, entry->atNs, entry->atNs, {}, {}});
    Add(m_connections[place->second], *entry);
    m_lengthNs = std::max(m_lengthNs, entry->atNs);
  }
  m_isCutOff = !reader.IsAtEnd();
  for (SRecordedConnection& connection : m_connections) {
    const bool hasEnd = !connection.steps.empty() && connection.steps.back().frame.empty();
    if (!hasEnd) connection.steps.push_back({connection.endNs, connection.replies.size(), {}});
  }
  FindPeak();
}

void CRecording::Add(SRecordedConnection& connection, const SRecordedFrame& entry) {
  connection.endNs = std::max(connection.endNs, entry.atNs);
  if (entry.direction == EDirection::kToClient) {
    if (!IsReply(entry.bytes)) return;
    connection.replies.push_back(entry.bytes);
    ++m_replies;
    return;
  }
  const bool hasEnded = !connection.steps.empty() && connection.steps.back().frame.empty();
  if (hasEnded) return;
  connection.steps.push_back({entry.atNs, connection.replies.size(), entry.bytes});
  if (!entry.bytes.empty()) ++m_requests;
}

void CRecording::FindPeak() {
  std::vector<std::pair<uint64_t, int>> changes;
  for (const SRecordedConnection& connection : m_connections) {
    changes.emplace_back(connection.openNs, 1);
    changes.emplace_back(connection.endNs, -1);
  }
  // At one and the same time, those that open come before those that close.
  std::sort(changes.begin(), changes.end(), [](const auto& left, const auto& right) {
    return left.first != right.first ? left.first < right.first : left.second > right.second;
  });
  int open = 0;
  for (const auto& [atNs, change] : changes) {
    open += change;
    m_peak = std::max(m_peak, static_cast<size_t>(open));
  }
}

bool CRecording::IsReply(std::span<const std::byte> frame) {
  return frame.size() >= kHeaderBytes && SFrame::At(frame.data()).msgCode != kGoAwayCode;
}

}  // namespace switchboard::sim
