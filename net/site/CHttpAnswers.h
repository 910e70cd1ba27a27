#pragma once

#include <cstdint>
#include <string_view>

#include "misc/file/SFileRange.h"
#include "net/http/CHttpNow.h"
#include "net/role/CTurn.h"

namespace switchboard {

// The answers to HTTP requests in one turn, which gathers them so that they leave with one send; parts of files go
// behind what was gathered before them. Each request is counted as replied when its answer was taken, else as
// discarded.
// Threads: the turn's.
class CHttpAnswers {
 public:
  // `now`, the thread's, formats the time once a second.
  CHttpAnswers(CTurn& turn, CHttpNow& now) : m_turn(turn), m_now(now) { m_now.Refresh(); }
  CHttpAnswers(const CHttpAnswers&) = delete;
  CHttpAnswers& operator=(const CHttpAnswers&) = delete;
  ~CHttpAnswers() { Flush(); }

  // The wall clock, at the beginning.
  const CHttpNow& Now() const { return m_now; }
  SPeer Peer() const { return m_turn.Connection().Peer(m_turn.Session().Generation()).value_or(SPeer{}); }
  void Add(std::string_view text) { m_isGood = m_turn.Put(std::as_bytes(std::span(text))) && m_isGood; }
  // Sends what was gathered, and a part of a file behind it.
  void AddFile(SFileRange range) { m_isGood = m_turn.PutFile(std::move(range)) && m_isGood; }
  // One more request has its whole answer in here.
  void CountRequest() { ++m_requests; }
  // Sends what was gathered so far.
  void Flush();

 private:
  CTurn& m_turn;
  uint32_t m_requests = 0;  // whose answers are gathered
  bool m_isGood = true;
  CHttpNow& m_now;
};

}  // namespace switchboard
