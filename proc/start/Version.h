#pragma once

#include <string_view>

#ifndef SWITCHBOARD_VERSION
#define SWITCHBOARD_VERSION "0.1.0"
#endif

namespace switchboard {

inline constexpr std::string_view kVersion = SWITCHBOARD_VERSION;

}  // namespace switchboard
