#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace switchboard {

// Calls code of the user's. What it throws ends here: `onThrow` gets the text of a std::exception, or words about
// what else it is. True when nothing was thrown. It's a part of its caller: each packet comes by. Threads: any.
template <class Call, class OnThrow>
[[gnu::always_inline]] inline bool CallUser(const Call& call, const OnThrow& onThrow) {
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    onThrow(std::string_view(error.what()));
  } catch (...) {
    onThrow(std::string_view("something that is no std::exception"));
  }
  return false;
}

}  // namespace switchboard
