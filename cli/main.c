/* SPDX-License-Identifier: Apache-2.0 */
/* daipao: the command line. Everything is in app.c, so that tests can link it. */
#include "app.h"
#include "visible.h"

int main(int argc, char **argv)
{
    dp_visible_begin();
    return dp_app_run(argc, argv);
}
