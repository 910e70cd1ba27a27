#include "net/site/CHttpAnswers.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace switchboard {

CHttpAnswers::CHttpAnswers(CSender& sender, const CTally& tally)
    : m_sender(sender), m_tally(tally), m_p_gathered(std::make_unique_for_overwrite<std::byte[]>(kCapacity)) {}

void CHttpAnswers::Begin(CConnection& connection) {
  m_p_connection = &connection;
  m_isGood = true;
  m_now.Refresh();
}

void CHttpAnswers::End() {
  Flush();
  m_p_connection = nullptr;
}

void CHttpAnswers::Add(std::string_view text) {
  while (!text.empty()) {
    if (m_size == kCapacity) Flush();
    const size_t bytes = std::min(text.size(), kCapacity - m_size);
    std::memcpy(m_p_gathered.get() + m_size, text.data(), bytes);
    m_size += bytes;
    text.remove_prefix(bytes);
  }
}

void CHttpAnswers::AddFile(SFileRange range) {
  if (m_isGood) {
    m_isGood = m_sender.WriteFile(*m_p_connection, m_p_connection->Generation(), {m_p_gathered.get(), m_size},
                                  std::move(range), m_tally);
  }
  m_size = 0;
}

void CHttpAnswers::Flush() {
  if (m_size > 0 && m_isGood) {
    m_isGood = m_sender.Write(*m_p_connection, m_p_connection->Generation(), {m_p_gathered.get(), m_size}, m_tally);
  }
  m_size = 0;
  if (m_requests == 0) return;
  m_tally.Add(m_isGood ? ECounter::kPacketsReplied : ECounter::kPacketsDiscarded, std::exchange(m_requests, 0));
}

}  // namespace switchboard
