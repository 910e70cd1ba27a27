#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/http/SHttpRequest.h"

namespace switchboard {

// What a route answers. The views must live until it is given; all is copied then.
struct SHttpReply {
  uint16_t status = 200;  // 200 … 599; 204, 205 and 304 have no body
  std::string_view contentType = "text/plain; charset=utf-8";
  std::string_view body = {};
  // Further header fields. The framework writes Date, Server, Connection, Content-Type and Content-Length itself.
  std::span<const SHttpField> fields = {};

  // Whether it can be sent without harm to the framing: no control bytes, none of the framework's own fields.
  bool IsValid() const;
  // Bytes of all that it brings.
  size_t Bytes() const;
};

}  // namespace switchboard
