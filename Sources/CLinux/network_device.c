// Moves a network device into another network namespace over rtnetlink, with its permanent addresses.
#include "swl_network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_ADDRESSES 64

struct address {
    struct ifaddrmsg head;
    uint32_t flags;
    uint8_t length; // of the ones below, all alike
    bool has_local, has_address, has_broadcast;
    uint8_t local[16], address[16], broadcast[16];
};

struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    } body;
    char attributes[256];
};

static void start(struct request *request, uint16_t type, uint16_t flags, size_t body) {
    memset(request, 0, sizeof *request);
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->header.nlmsg_seq = 1;
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
}

static void add(struct request *request, uint16_t type, const void *data, size_t size) {
    struct rtattr *attribute = (struct rtattr *)(void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    size_t end = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_SPACE(size);
    if (end > sizeof *request) abort(); // all sizes here are bounded by the callers
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), data, size);
    request->header.nlmsg_len = (uint32_t)end;
}

// Sends a request and waits for its acknowledgement: 0 or -errno.
static int transact(int socket, struct request *request) {
    request->header.nlmsg_flags |= NLM_F_ACK;
    if (send(socket, request, request->header.nlmsg_len, 0) < 0) return -errno;
    _Alignas(struct nlmsghdr) char buffer[8192];
    ssize_t size;
    do {
        size = recv(socket, buffer, sizeof buffer, 0);
    } while (size < 0 && errno == EINTR);
    if (size < 0) return -errno;
    const struct nlmsghdr *answer = (const struct nlmsghdr *)(const void *)buffer;
    if (!NLMSG_OK(answer, (size_t)size) || answer->nlmsg_type != NLMSG_ERROR ||
        answer->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return -EPROTO;
    return ((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
}

static void read_address(const struct nlmsghdr *message, struct address *address) {
    memset(address, 0, sizeof *address);
    address->head = *(const struct ifaddrmsg *)NLMSG_DATA(message);
    address->flags = address->head.ifa_flags;
    address->length = address->head.ifa_family == AF_INET ? 4 : 16;
    const struct rtattr *attribute = (const struct rtattr *)IFA_RTA(NLMSG_DATA(message));
    int left = (int)IFA_PAYLOAD(message);
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        size_t size = RTA_PAYLOAD(attribute);
        if (attribute->rta_type == IFA_FLAGS && size == 4) memcpy(&address->flags, RTA_DATA(attribute), 4);
        if (size != address->length) continue;
        switch (attribute->rta_type) {
        case IFA_LOCAL: memcpy(address->local, RTA_DATA(attribute), size), address->has_local = true; break;
        case IFA_ADDRESS: memcpy(address->address, RTA_DATA(attribute), size), address->has_address = true; break;
        case IFA_BROADCAST: memcpy(address->broadcast, RTA_DATA(attribute), size), address->has_broadcast = true; break;
        default: break;
        }
    }
}

// The permanent addresses of global scope; the count, or -errno.
static int read_addresses(int socket, unsigned int index, struct address *list) {
    struct request request;
    start(&request, RTM_GETADDR, NLM_F_DUMP, sizeof request.body.address);
    if (send(socket, &request, request.header.nlmsg_len, 0) < 0) return -errno;
    int count = 0;
    _Alignas(struct nlmsghdr) char buffer[32768];
    while (1) {
        ssize_t size = recv(socket, buffer, sizeof buffer, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return -errno;
        const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buffer;
        size_t left = (size_t)size;
        for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE) return count;
            if (message->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
            if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
                continue;
            struct address address;
            read_address(message, &address);
            bool wanted = address.head.ifa_index == index && address.head.ifa_scope == RT_SCOPE_UNIVERSE &&
                          (address.flags & IFA_F_PERMANENT);
            if (!wanted) continue;
            if (count == MOST_ADDRESSES) return -E2BIG;
            list[count++] = address;
        }
    }
}

static int add_address(int socket, unsigned int index, const struct address *address) {
    struct request request;
    start(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.body.address);
    request.body.address = address->head;
    request.body.address.ifa_index = index;
    if (address->has_local) add(&request, IFA_LOCAL, address->local, address->length);
    if (address->has_address) add(&request, IFA_ADDRESS, address->address, address->length);
    if (address->has_broadcast) add(&request, IFA_BROADCAST, address->broadcast, address->length);
    return transact(socket, &request);
}

// Opens rtnetlink in a namespace and finds a device there. The socket, or -errno.
static int open_in(int netns, const char *name, unsigned int *index) {
    int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0) return -errno;
    int result = setns(netns, CLONE_NEWNET) < 0 ? -errno : 0;
    if (result == 0) {
        result = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        if (result < 0) result = -errno;
        *index = if_nametoindex(name);
        if (setns(own, CLONE_NEWNET) < 0) abort(); // lost in a container's network
    }
    close(own);
    return result;
}

int swl_move_network_device(const char *name, int netns, const char *new_name) {
    unsigned int index = if_nametoindex(name);
    if (index == 0) return -ENODEV;
    int host = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (host < 0) return -errno;
    struct address addresses[MOST_ADDRESSES];
    int count = read_addresses(host, index, addresses);
    struct request request;
    int r = count < 0 ? count : 0;
    if (r == 0) {
        uint32_t target = (uint32_t)netns;
        start(&request, RTM_NEWLINK, 0, sizeof request.body.link);
        request.body.link.ifi_index = (int)index;
        add(&request, IFLA_NET_NS_FD, &target, sizeof target);
        add(&request, IFLA_IFNAME, new_name, strnlen(new_name, IFNAMSIZ - 1) + 1);
        r = transact(host, &request);
    }
    close(host);
    if (r < 0) return r;

    // The kernel has taken the device down and its addresses away.
    int inside = open_in(netns, new_name, &index);
    if (inside < 0) return inside;
    if (index == 0) r = -ENODEV;
    for (int n = 0; r == 0 && n < count; n++) r = add_address(inside, index, &addresses[n]);
    if (r == 0) {
        start(&request, RTM_NEWLINK, 0, sizeof request.body.link);
        request.body.link.ifi_index = (int)index;
        request.body.link.ifi_flags = IFF_UP;
        request.body.link.ifi_change = IFF_UP;
        r = transact(inside, &request);
    }
    close(inside);
    return r;
}
