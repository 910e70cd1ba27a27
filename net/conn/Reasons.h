// Why connections are closed and packets refused; the scoreboard counts by them.
#pragma once

#include "misc/CScoreboard.h"
