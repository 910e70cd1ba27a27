#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace switchboard::bench {

// A reply that is not what the request asked for.
class CWrongReply : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How one server is asked and how it answers: requests and replies of one connection, in order.
// A request carries a body of a fixed size with a stamp in front, and each reply is compared with what was asked.
// Threads: one.
class CPeerProtocol {
 public:
  using Bytes = std::vector<std::byte>;

  static constexpr std::string_view kNames = "packet, redis-ping, redis-get, memcached-get, zeromq, http-get, grpc";
  // Throws std::invalid_argument for a name that is none of kNames.
  static std::unique_ptr<CPeerProtocol> Make(std::string_view name, size_t bodyBytes, uint16_t msgCode);
  virtual ~CPeerProtocol() = default;

  // What a new connection says before its first request; empty: nothing.
  virtual Bytes Hello() const { return {}; }
  // Bytes of the whole answer to Hello at the front of `input`; 0 while it isn't whole.
  virtual size_t WelcomeBytes(std::span<const std::byte>) const { return 0; }
  // The server may send, between replies, what answers no request.
  virtual bool HasUnasked() const { return false; }
  // Appends one request, to be sent to the server that the last reply came from.
  virtual void Ask(Bytes& out, uint64_t stamp) = 0;
  // Bytes of the whole reply at the front of `input`, which answers the request with this stamp; 0 while it isn't
  // whole. A server that answers the requests of a connection in another order may have answered another one of that
  // connection instead. Throws CWrongReply.
  virtual size_t TakeReply(std::span<const std::byte> input, uint64_t stamp) = 0;
};

}  // namespace switchboard::bench
