#include "misc/ProgramName.h"

#include <errno.h>

namespace switchboard {

const std::string& ProgramName() {
  static const std::string name = program_invocation_short_name;
  return name;
}

}  // namespace switchboard
