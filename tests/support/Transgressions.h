#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchboard {

// What somebody who has got hold of a worker might try next, by name; all of it needs no more than a process of root's
// may do. "read:PATH" and "write:PATH" open a file.
const std::vector<std::string>& Transgressions();
// Tries it. Returns the errno; 0: it was done.
int Transgress(std::string_view name);

// Writes random bytes over everything that this process shares with others and may write: `rounds` times.
void Scribble(uint32_t rounds, uint32_t seed);
// Cuts each file that this process has mapped with others to nothing: by its descriptors, and by the names that the
// mappings have.
void TruncateShared();

}  // namespace switchboard
