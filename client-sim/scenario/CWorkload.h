#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "client-sim/message/CMessage.h"

namespace switchboard::sim {

// The messages of a run and how often each is sent.
// Threads: any, once everything is added.
class CWorkload {
 public:
  static constexpr size_t kMaxMessages = 255;

  // Of the requests, weight / (sum of all weights) are this message. Returns its index. Throws std::length_error beyond
  // kMaxMessages.
  uint8_t Add(std::unique_ptr<const CMessage> p_message, uint32_t weight);

  void SetWeight(uint8_t index, uint32_t weight);

  size_t Size() const { return m_messages.size(); }
  const CMessage& At(size_t index) const { return *m_messages[index]; }
  // The message that a random number stands for. One of the weights isn't 0.
  uint8_t Pick(uint32_t random) const {
    const uint64_t point = (uint64_t{random} * m_bounds.back()) >> 32;
    uint8_t index = 0;
    while (point >= m_bounds[index]) ++index;
    return index;
  }
  // Replies may be checked by comparing them with the requests: some are mirrored, and each has one.
  bool HasMirrors() const;
  // One of the messages is answered under that code.
  bool HasReplyCode(uint16_t msgCode) const;
  // One of the one-way messages has that code.
  bool HasOneWay(uint16_t msgCode) const;

  // The server may send frames of that code at any time.
  void AddPush(uint16_t msgCode) { m_pushes.push_back(msgCode); }
  bool IsPush(uint16_t msgCode) const;

 private:
  std::vector<std::unique_ptr<const CMessage>> m_messages;
  std::vector<uint64_t> m_bounds;  // running sum of the weights
  std::vector<uint16_t> m_pushes;
};

}  // namespace switchboard::sim
