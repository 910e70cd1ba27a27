// All that a test of your own handlers needs: a CTestServer of your logic, and sessions with it. See docs/HANDLERS.md.
#pragma once

#include "testing/CTestServer.h"
