#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace switchboard::bench {

// How fault-load asks a server and recognises its answers. Each request has a stamp, and its answer repeats it.
// Threads: any, all methods are const.
class CFaultProtocol {
 public:
  enum class EAnswer : uint8_t {
    kNone,       // nothing whole yet
    kReply,      // the answer to the request
    kLastReply,  // the same, and the server wants the client to leave
    kLeave,      // no answer: the server wants the client to leave
    kWrong,      // anything else
  };

  static constexpr std::string_view kNames = "packet, http";
  // Throws std::invalid_argument for a name that is none of kNames.
  static std::unique_ptr<CFaultProtocol> Make(std::string_view name);
  virtual ~CFaultProtocol() = default;

  virtual std::string Request(uint64_t stamp) const = 0;
  // Takes the first whole answer off the front of `input`.
  virtual EAnswer Take(std::string& input, uint64_t stamp) const = 0;
};

}  // namespace switchboard::bench
