#include "net/site/CHttpAnswers.h"

#include <utility>

namespace switchboard {

void CHttpAnswers::Flush() {
  m_turn.Flush();
  if (m_requests == 0) return;
  const bool isTaken = m_isGood && m_turn.IsGood();
  m_turn.Tally().Add(isTaken ? ECounter::kPacketsReplied : ECounter::kPacketsDiscarded, std::exchange(m_requests, 0));
}

}  // namespace switchboard
