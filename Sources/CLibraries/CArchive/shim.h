#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

/* A macro that Swift does not import. */
static const int opennedCharacterTypeMask = LC_CTYPE_MASK;
