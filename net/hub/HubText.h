// The text of a name, in shared memory that may change while it is read.
#pragma once

#include <array>
#include <string_view>

#include "net/hub/SHubSeat.h"

namespace switchboard {

using HubText = std::array<char, SHubText::kMost>;

// Copies the text of `name` into `to`; the view is of that.
std::string_view LoadHubText(const SHubSeat& seat, const SHubName& name, HubText& to);

// Writes it; `name.text` is set already where the text is longer than SHubName::kInline. Threads: the seat's owner.
void StoreHubText(SHubSeat& seat, SHubName& name, std::string_view text);

}  // namespace switchboard
