#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "misc/CBufferPool.h"
#include "net/http/CHttpPath.h"
#include "net/http/SHttpRequest.h"

namespace switchboard {

// A parsed request as it waits in a mailbox: its bytes, and where in them its parts lie, so that nobody parses again.
// Threads: one owner at a time.
class CPostedRequest {
 public:
  struct SMeta {
    uint32_t handler = 0;
    bool isLast = false;  // the connection ends after the answer
  };

  static BlockPtr Pack(CBufferPool& buffers, const SHttpRequest& request, const CHttpPath& path, const SMeta& meta);
  static SMeta MetaOf(std::span<const std::byte> posted);
  // Fills in views into `posted`, of what Pack has been given.
  static void Unpack(std::span<const std::byte> posted, SHttpRequest& request, std::string_view& path,
                     std::string_view& query);
};

}  // namespace switchboard
