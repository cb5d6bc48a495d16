/* Fault events. One thread of the library calls every subscriber; what was before a subscription is not told to it. */
#define _GNU_SOURCE
#include "dcmi_library.h"
#include "key_set.h"

#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { FLAG_ID = 1, FLAG_SEVERITY = 2, FLAG_NODE_TYPE = 4, MOST = 64, ALL = -1 };
enum { RECOVERED, RAISED, ONE_OFF };

struct subscriber {
    int unit; /* ALL: every device */
    struct dcmi_event_filter filter;
    dcmi_fault_event_callback *callback;
    int64_t since;
    struct key_set told;
};

static struct subscriber subscribers[MOST]; /* there is no unsubscription */
static unsigned subscriber_count;
static pthread_t teller; /* joined at exit only: it lives as long as the process */
static int wake = -1;    /* eventfd: ends its sleep */
static bool ending;

/* The kind of part that a code is about. */
static uint8_t node_type(uint32_t code) { return (uint8_t)(code >> 16); }

static bool wants(const struct subscriber *subscriber, const struct sim_entry *entry)
{
    const struct dcmi_event_filter *filter = &subscriber->filter;
    if (entry->action.target != TARGET_NPU || (entry->unit_events & (EVENT_RAISED | EVENT_CLEARED | EVENT_ONCE)) == 0) return false;
    return entry->at > subscriber->since && (subscriber->unit == ALL || subscriber->unit == (int)entry->action.device)
        && ((filter->filter_flag & FLAG_ID) == 0 || filter->event_id == entry->fault)
        && ((filter->filter_flag & FLAG_SEVERITY) == 0 || entry->severity >= filter->severity)
        && ((filter->filter_flag & FLAG_NODE_TYPE) == 0 || node_type(entry->fault) == filter->node_type);
}

/* The next event that was not told, with the lock held; NULL: nobody waits for one. */
static dcmi_fault_event_callback *next(struct dcmi_event *event)
{
    for (size_t i = 0; i < library.state.applied; i++)
        for (unsigned who = 0; who < subscriber_count; who++) {
            const struct sim_entry *entry = &library.scenario->entries[i];
            if (!wants(&subscribers[who], entry) || !key_set_add(&subscribers[who].told, entry->key)) continue;
            struct dcmi_dms_fault_event *fault = &event->event_t.dms_event;
            *event = (struct dcmi_event){ 0 };
            fault->event_id = entry->fault;
            fault->deviceid = (uint16_t)dcmi_logic_id(entry->action.device);
            fault->node_type = node_type(entry->fault);
            fault->severity = (uint8_t)entry->severity;
            fault->assertion = (entry->unit_events & EVENT_RAISED) != 0 ? RAISED : (entry->unit_events & EVENT_CLEARED) != 0 ? RECOVERED : ONE_OFF;
            fault->event_serial_num = fault->notify_serial_num = (int32_t)i + 1;
            fault->alarm_raised_time = (uint64_t)((library.clock.epoch + entry->at) / 1000000000); /* s */
            snprintf(fault->event_name, sizeof fault->event_name, "fault 0x%08X of npu %u", entry->fault, entry->action.device);
            if ((dcmi_unit(entry->action.device)->lies & LIES_ENUM) != 0) fault->assertion = 9, fault->severity = 200;
            return subscribers[who].callback;
        }
    return NULL;
}

static void *tell(void *nothing)
{
    pthread_mutex_lock(&library.lock);
    int watch = library.file.path != NULL ? scenario_watch_open(library.file.path) : -1;
    while (!ending) {
        struct dcmi_event event;
        dcmi_fault_event_callback *callback;
        library_refresh(true);
        while (!ending && (callback = next(&event)) != NULL) {
            library_unlock();
            callback(&event);
            pthread_mutex_lock(&library.lock);
        }
        const int64_t at_most = 60 * INT64_C(1000000000);
        library_sleep(wake, watch, library_next_due(library.now + at_most));
    }
    if (watch >= 0) close(watch);
    library_unlock();
    return nothing;
}

/* With the lock held. */
static bool start_thread(void)
{
    sigset_t all, before;
    wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0) return false;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* the thread takes none of the process's signals */
    bool good = pthread_create(&teller, NULL, tell, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!good) close(wake);
    return good;
}

/* At exit the thread goes first, unless a callback holds it: nobody waits long for one. */
__attribute__((destructor)) static void end_thread(void)
{
    struct timespec soon;
    if (subscriber_count == 0 || pthread_mutex_trylock(&library.lock) != 0) return;
    ending = true;
    library_unlock();
    eventfd_write(wake, 1);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    if (pthread_timedjoin_np(teller, NULL, &soon) != 0) return;
    close(wake);
    for (unsigned who = 0; who < subscriber_count; who++) key_set_free(&subscribers[who].told);
}

static int add(int unit, const struct dcmi_event_filter *filter, dcmi_fault_event_callback *callback)
{
    int result = DCMI_OK;
    pthread_mutex_lock(&library.lock);
    library_refresh(false);
    if (subscriber_count == MOST || (subscriber_count == 0 && !start_thread())) result = DCMI_OCCUPIED;
    else subscribers[subscriber_count++] = (struct subscriber){ unit, *filter, callback, library.now, { 0 } };
    library_unlock();
    return result;
}

static int subscribe(const char *symbol, struct npu_id id, const struct dcmi_event_filter *filter, dcmi_fault_event_callback *callback)
{
    struct npu_view npu;
    int result = dcmi_enter(symbol, callback != NULL);
    if (result != DCMI_OK) return result;
    if (id.device == ALL && (id.card == ALL || id.card == BY_LOGIC_ID)) return add(ALL, filter, callback);
    result = dcmi_enter_host(symbol, id, true, &npu);
    return result == DCMI_OK ? add((int)npu.slot, filter, callback) : result;
}
EXPORT_BOTH(dcmi_subscribe_fault_event, dcmiv2_subscribe_fault_event, subscribe,
            (struct dcmi_event_filter filter, dcmi_fault_event_callback *callback), (&filter, callback))
