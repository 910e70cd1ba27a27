#include "client-sim/scenario/CWorkload.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace switchboard::sim {

uint8_t CWorkload::Add(std::unique_ptr<const CMessage> p_message, uint32_t weight) {
  if (m_messages.size() == kMaxMessages) throw std::length_error("a workload holds at most 255 messages");
  m_messages.push_back(std::move(p_message));
  m_bounds.push_back((m_bounds.empty() ? 0 : m_bounds.back()) + weight);
  return static_cast<uint8_t>(m_messages.size() - 1);
}

void CWorkload::SetWeight(uint8_t index, uint32_t weight) {
  const uint64_t before = m_bounds[index] - (index == 0 ? 0 : m_bounds[index - 1U]);
  for (size_t i = index; i < m_bounds.size(); ++i) m_bounds[i] += weight - before;
}

bool CWorkload::HasMirrors() const {
  return std::any_of(m_messages.begin(), m_messages.end(),
                     [](const auto& p_message) { return p_message->IsMirrored(); }) &&
         std::none_of(m_messages.begin(), m_messages.end(),
                      [](const auto& p_message) { return p_message->IsOneWay(); });
}

bool CWorkload::HasReplyCode(uint16_t msgCode) const {
  return std::any_of(m_messages.begin(), m_messages.end(),
                     [msgCode](const auto& p_message) { return p_message->ReplyCode() == msgCode; });
}

bool CWorkload::HasOneWay(uint16_t msgCode) const {
  return std::any_of(m_messages.begin(), m_messages.end(), [msgCode](const auto& p_message) {
    return p_message->IsOneWay() && p_message->MsgCode() == msgCode;
  });
}

bool CWorkload::IsPush(uint16_t msgCode) const {
  return std::find(m_pushes.begin(), m_pushes.end(), msgCode) != m_pushes.end();
}

}  // namespace switchboard::sim
