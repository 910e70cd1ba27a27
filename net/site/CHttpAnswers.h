#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "misc/CTally.h"
#include "misc/SFileRange.h"
#include "net/conn/CConnection.h"
#include "net/http/CHttpNow.h"
#include "net/role/CSender.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Gathers the answers to what one read has brought, so that they leave with one send; parts of files go behind what was
// gathered before them. Each request is counted as replied when its answer was taken, else as discarded.
// Threads: sb-io.
class CHttpAnswers {
 public:
  CHttpAnswers(CSender& sender, const CTally& tally);

  void Begin(CConnection& connection);
  // Sends what was gathered, and forgets the connection.
  void End();

  // The wall clock, at Begin.
  const CHttpNow& Now() const { return m_now; }
  SPeer Peer() const { return m_p_connection->Peer(m_p_connection->Generation()).value_or(SPeer{}); }
  void Add(std::string_view text);
  // Sends what was gathered, and a part of a file behind it.
  void AddFile(SFileRange range);
  // One more request has its whole answer in here.
  void CountRequest() { ++m_requests; }
  // Sends what was gathered so far.
  void Flush();
  // The connection took all so far.
  bool IsGood() const { return m_isGood; }

 private:
  static constexpr size_t kCapacity = 96 * 1024;

  CSender& m_sender;
  const CTally m_tally;
  std::unique_ptr<std::byte[]> m_p_gathered;
  size_t m_size = 0;
  uint32_t m_requests = 0;  // whose answers are gathered
  bool m_isGood = true;
  CConnection* m_p_connection = nullptr;
  CHttpNow m_now;
};

}  // namespace switchboard
