#pragma once

#include <stdexcept>

namespace switchboard {

// A listener's address belongs to somebody else; in one line that names both.
class CAddressInUse final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace switchboard
