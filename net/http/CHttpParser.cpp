#include "net/http/CHttpParser.h"

#include <algorithm>
#include <cstring>

#include "net/http/CHttpHead.h"

namespace switchboard {

namespace {

constexpr SHttpVerdict kBodyTooLong{413, "body too long"};

}  // namespace

CHttpParser::SStep CHttpParser::Next(std::string_view input, const SHttpLimits& limits, SHttpRequest& request) {
  if (m_phase == EPhase::kDelivered) Clear();
  return m_phase == EPhase::kHead ? NextOfHead(input, limits, request) : NextOfBody(input, limits, request);
}

void CHttpParser::Clear() { *this = {}; }

CHttpParser::SStep CHttpParser::NextOfHead(std::string_view input, const SHttpLimits& limits, SHttpRequest& request) {
  const CHttpHeadScanner::SScan scan = m_scanner.Scan(input, limits);
  if (scan.verdict.status != 0) {
    request.Reset();
    return {EHttpStep::kBad, 0, scan.verdict};
  }
  if (!scan.isEnd) {
    m_hasBegun = m_hasBegun || !input.empty();
    Keep(input);
    return {EHttpStep::kNeedsMore, input.size(), {}};
  }
  const bool isInPlace = m_size == 0;
  if (!isInPlace) Keep(input.substr(0, scan.bytes));
  m_scanner.Reset();
  const SHttpVerdict verdict = CHttpHead::Parse(isInPlace ? input.substr(0, scan.bytes) : Kept(), request);
  if (verdict.status != 0) return {EHttpStep::kBad, 0, verdict};
  if (!request.HasBody()) {
    m_phase = isInPlace ? EPhase::kHead : EPhase::kDelivered;
    m_hasBegun = false;
    return {EHttpStep::kRequest, scan.bytes, {}};
  }
  if (m_isHeadShown) return BeginBody(input, scan.bytes, limits, request);
  m_isHeadShown = true;
  m_hasBegun = true;
  if (isInPlace) return {EHttpStep::kHead, 0, {}};
  m_headBytes = m_size;
  m_phase = EPhase::kBody;
  m_isChunked = request.isChunked;
  // What doesn't fit is over any limit, and so is this.
  m_bodyBytes = static_cast<uint32_t>(std::min<uint64_t>(request.contentLength, UINT32_MAX));
  return {EHttpStep::kHead, scan.bytes, {}};
}

// The head lies at the front of `input`, has been shown, and was read again.
CHttpParser::SStep CHttpParser::BeginBody(std::string_view input, size_t headBytes, const SHttpLimits& limits,
                                          SHttpRequest& request) {
  const std::string_view rest = input.substr(headBytes);
  if (!request.isChunked && request.contentLength > limits.bodyBytes) return {EHttpStep::kBad, 0, kBodyTooLong};
  if (!request.isChunked && request.contentLength <= rest.size()) {
    request.body = rest.substr(0, request.contentLength);
    m_isHeadShown = false;
    m_hasBegun = false;
    return {EHttpStep::kRequest, headBytes + request.body.size(), {}};
  }
  Keep(input.substr(0, headBytes));
  m_headBytes = m_size;
  m_phase = EPhase::kBody;
  m_isChunked = request.isChunked;
  m_bodyBytes = static_cast<uint32_t>(request.contentLength);
  SStep step = NextOfBody(rest, limits, request);
  step.eaten += headBytes;
  return step;
}

CHttpParser::SStep CHttpParser::NextOfBody(std::string_view input, const SHttpLimits& limits, SHttpRequest& request) {
  if (m_isChunked) return NextOfChunks(input, limits, request);
  if (m_bodyBytes > limits.bodyBytes) return RefuseBody(0, kBodyTooLong, request);
  const size_t bytes = std::min<size_t>(m_bodyBytes - (m_size - m_headBytes), input.size());
  Keep(input.substr(0, bytes));
  if (m_size - m_headBytes < m_bodyBytes) return {EHttpStep::kNeedsMore, bytes, {}};
  return Finish(bytes, request);
}

CHttpParser::SStep CHttpParser::NextOfChunks(std::string_view input, const SHttpLimits& limits, SHttpRequest& request) {
  size_t eaten = 0;
  while (eaten < input.size()) {
    const CHttpChunks::SPiece piece = m_chunks.Next(input.substr(eaten), limits);
    if (piece.verdict.status != 0) return RefuseBody(eaten, piece.verdict, request);
    if (m_size - m_headBytes + piece.data.size() > limits.bodyBytes) return RefuseBody(eaten, kBodyTooLong, request);
    Keep(piece.data);
    eaten += piece.eaten;
    if (piece.isEnd) return Finish(eaten, request);
  }
  return {EHttpStep::kNeedsMore, eaten, {}};
}

CHttpParser::SStep CHttpParser::Finish(size_t eaten, SHttpRequest& request) {
  // Its views may point to where the head lay before the storage grew, or belong to another connection's request.
  CHttpHead::Parse(Kept().substr(0, m_headBytes), request);
  request.body = Kept().substr(m_headBytes);
  m_phase = EPhase::kDelivered;
  m_hasBegun = false;
  return {EHttpStep::kRequest, eaten, {}};
}

CHttpParser::SStep CHttpParser::RefuseBody(size_t eaten, const SHttpVerdict& verdict, SHttpRequest& request) const {
  CHttpHead::Parse(Kept().substr(0, m_headBytes), request);
  return {EHttpStep::kBad, eaten, verdict};
}

void CHttpParser::Keep(std::string_view bytes) {
  if (bytes.empty()) return;
  const size_t size = m_size + bytes.size();
  if (size > m_capacity) {
    // Exactly what arrived at first; doubling after that keeps a byte-by-byte sender linear.
    const size_t capacity = std::max(size, size_t{2} * m_capacity);
    auto p_bigger = std::make_unique_for_overwrite<char[]>(capacity);
    if (m_size != 0) std::memcpy(p_bigger.get(), m_p_storage.get(), m_size);
    m_p_storage = std::move(p_bigger);
    m_capacity = static_cast<uint32_t>(capacity);
  }
  std::memcpy(m_p_storage.get() + m_size, bytes.data(), bytes.size());
  m_size = static_cast<uint32_t>(size);
}

}  // namespace switchboard
