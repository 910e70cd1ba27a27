#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "net/http/CHttpChunks.h"
#include "net/http/CHttpHeadScanner.h"
#include "net/http/SHttpRequest.h"

namespace switchboard {

// What the bytes of a connection have come to.
enum class EHttpStep : uint8_t {
  kNeedsMore,  // the input is eaten; the next request is not whole yet, or not begun
  kHead,       // the head of a request with a body: refuse it now, or go on (expectsContinue: after "100 Continue")
  kRequest,    // a whole request
  kBad         // refused: answer with the verdict's status, and close; only Clear may follow
};

// Cuts the byte stream of a connection into HTTP/1.x requests; knows no socket. A request that lies whole in the input
// is given as views into it, and costs no allocation. A started one is kept here: the bytes that have arrived, with
// room for at most twice as many.
// Threads: one owner at a time.
class CHttpParser {
 public:
  struct SStep {
    EHttpStep what = EHttpStep::kNeedsMore;
    size_t eaten = 0;  // bytes at the front of the input that the next call must not get again
    SHttpVerdict verdict;
  };

  // Call it with what was received, then with what is left of that, even if nothing is, until it says kNeedsMore: then
  // nothing is left. With kHead or kRequest (and with kBad as far as it was read) `request` is filled; its views live
  // as long as the input, and until the next call. After kHead the bytes that were not eaten must come again, at once.
  // Reuse `request`: it may be shared by all connections of a thread. `limits` may change between requests only.
  SStep Next(std::string_view input, const SHttpLimits& limits, SHttpRequest& request);

  // True while a started request waits for its end: what deadlines for slow clients look at.
  bool HasPartial() const { return m_hasBegun; }
  size_t PartialBytes() const { return m_size; }
  // Bytes of memory held for it.
  size_t PartialCapacity() const { return m_capacity; }
  void Clear();

 private:
  enum class EPhase : uint8_t {
    kHead,      // the head is not whole
    kBody,      // the head is kept, the body is not whole
    kDelivered  // a request was given that is kept here
  };

  SStep NextOfHead(std::string_view input, const SHttpLimits& limits, SHttpRequest& request);
  SStep NextOfBody(std::string_view input, const SHttpLimits& limits, SHttpRequest& request);
  SStep BeginBody(std::string_view input, size_t headBytes, const SHttpLimits& limits, SHttpRequest& request);
  SStep NextOfChunks(std::string_view input, const SHttpLimits& limits, SHttpRequest& request);
  SStep Finish(size_t eaten, SHttpRequest& request);
  // Of a request whose head is kept: `request` may hold another connection's by now.
  SStep RefuseBody(size_t eaten, const SHttpVerdict& verdict, SHttpRequest& request) const;
  void Keep(std::string_view bytes);
  std::string_view Kept() const { return {m_p_storage.get(), m_size}; }

  std::unique_ptr<char[]> m_p_storage;
  uint32_t m_size = 0;
  uint32_t m_capacity = 0;
  uint32_t m_headBytes = 0;  // of the kept head
  uint32_t m_bodyBytes = 0;  // of a body with a length
  EPhase m_phase = EPhase::kHead;
  bool m_isHeadShown = false;
  bool m_isChunked = false;
  bool m_hasBegun = false;
  CHttpHeadScanner m_scanner;
  CHttpChunks m_chunks;
};

}  // namespace switchboard
