#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "misc/file/CFd.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// The connection has ended, or is silent, or the server asks to go elsewhere: connect again, and go on.
class CLinkLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One blocking connection that requests go out on and replies come in on, in order.
// Threads: one.
class CTransferLink {
 public:
  // Connects to the first address that answers. A server that says nothing for `patience` is lost. Throws CLinkLost.
  CTransferLink(const CEndpoint& server, std::chrono::milliseconds patience);

  // Gathers a request, whose body is `head` and `tail`; it leaves with Flush, or when enough has gathered.
  void Add(uint16_t msgCode, std::span<const std::byte> head, std::span<const std::byte> tail = {});
  void Flush();
  // The body of the next reply, checked by its CRC; it lives until the next call. Throws CLinkLost; std::runtime_error
  // for a Reject, and for anything that is no answer to `msgCode`.
  std::span<const std::byte> Receive(uint16_t msgCode);

 private:
  static constexpr size_t kReadBytes = 1024 * 1024;
  static constexpr size_t kGatherBytes = 256 * 1024;

  SFrame NextFrame();
  void ReadMore();

  CFd m_socket;
  std::vector<std::byte> m_out;
  std::vector<std::byte> m_in;
  size_t m_begin = 0;  // of what isn't looked at yet in m_in
  size_t m_end = 0;
};

}  // namespace switchboard::sim
