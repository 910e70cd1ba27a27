#pragma once

#include <string>
#include <vector>

namespace switchboard {

// A configuration, worked out.
struct SPreflight {
  struct SRow {
    std::string what;
    std::string terms;   // "65,536 × 1.4 KiB"
    std::string result;  // "89.6 MiB"
  };

  std::vector<SRow> table;
  std::vector<std::string> impossible;  // one line each, the key first: the server must not start
  std::vector<std::string> doubtful;    // likewise: it may, but it will not be what was meant

  // The table, and below it what is doubtful; whole lines.
  std::string ToString() const;
};

}  // namespace switchboard
