#include "client-sim/message/CCustomMessage.h"

#include <boost/endian/arithmetic.hpp>
#include <cstring>
#include <span>
#include <vector>

#include "misc/CCrc32.h"

namespace switchboard::sim {
namespace {

bool HasResult(const SFrame& frame, int32_t wanted) {
  boost::endian::big_int32_t result;
  if (frame.body.size() < sizeof(result)) return false;
  std::memcpy(&result, frame.body.data(), sizeof(result));
  return result == wanted;
}

}  // namespace

SBody CCustomMessage::WriteBody(SRequestId id, std::byte* p_body) const {
  const size_t bytes = m_p_body->Write(id, p_body);
  return {bytes, CCrc32::Of({p_body, bytes})};
}

EVerdict CCustomMessage::Judge(SRequestId id, const SPending&, const SFrame& frame) const {
  const SExpectation& expected = m_expectation;
  const bool isRight = !expected.reject && frame.msgCode == ReplyCode() && IsIntact(frame) &&
                       (!expected.isEcho || m_p_body->Is(id, frame.body)) &&
                       (!expected.p_body || expected.p_body->Is(id, frame.body)) &&
                       (!expected.result || HasResult(frame, *expected.result));
  return isRight ? EVerdict::kRight : EVerdict::kWrong;
}

std::optional<SRequestId> CCustomMessage::RequestOf(const SFrame& frame) const {
  if (!m_expectation.isEcho || frame.msgCode != ReplyCode()) return std::nullopt;
  return m_p_body->RequestOf(frame.body);
}

SWantedBody CCustomMessage::WantedBody(SRequestId id) const {
  const CBody* p_body = m_expectation.isEcho ? m_p_body.get() : m_expectation.p_body.get();
  SWantedBody wanted;
  if (p_body != nullptr) {
    wanted = {std::vector<std::byte>(kMaxBodyBytes), true};
    wanted.front.resize(p_body->Write(id, wanted.front.data()));
  } else if (m_expectation.result) {
    const boost::endian::big_int32_t result(*m_expectation.result);
    const auto bytes = std::as_bytes(std::span(&result, 1));
    wanted.front.assign(bytes.begin(), bytes.end());
  }
  return wanted;
}

}  // namespace switchboard::sim
