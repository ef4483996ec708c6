#include "swl_network.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int socket_in(int netns) {
    int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0) return -errno;
    if (setns(netns, CLONE_NEWNET) < 0) {
        int failure = errno;
        close(own);
        return -failure;
    }
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = s < 0 ? -errno : s;
    if (setns(own, CLONE_NEWNET) < 0) abort();  // a thread lost in a pod's namespace would serve the wrong network
    close(own);
    return result;
}

int swl_loopback_up(int netns) {
    int s = socket_in(netns);
    if (s < 0) return s;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    int result = ioctl(s, SIOCGIFFLAGS, &request) < 0 ? -errno : 0;
    if (result == 0) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP | IFF_RUNNING);
        result = ioctl(s, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
    }
    close(s);
    return result;
}
