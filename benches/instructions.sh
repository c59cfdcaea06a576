#!/usr/bin/env bash
# Instructions an operation, by callgrind: the difference of two runs, so that only the loop counts.
set -euo pipefail
cd "$(dirname "$0")/.."
bench=$(cargo bench -p selvedge-benches --no-run 2>&1 | sed -n 's/.*(\(.*\))$/\1/p' | tail -1)
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" count "$1" "$2" "$3" 2>&1 |
        sed -n 's/.*Collected : //p'
}
groups=(
    {mutex,semaphore}/{uncontended,one_poll} semaphore/many
    rwlock/{read,write}{,_one_poll}
    condvar/{notify_nobody,wait}
    once_cell/{get,get_or_init,herd/{2,64}} set_once/wait_set latch/{open,herd/64} lazy/made once/done
    notify/{none,one,all_0,all_1,all_1000,ping_pong/one_thread,repoll}
    {barrier,cyclic_barrier}/8/one_thread
    oneshot/{ready,waiting}
    {mpsc,mpmc}/try_{,un}bounded mpsc/batches_of_64 select/two_ready
    mpsc/one_thread/{bounded_1,bounded_100,unbounded}/{1,16}_producers
    mpmc/one_thread/{bounded_1,bounded_100,rendezvous}/{1x1,4x4}
    broadcast/one_thread/{1,10,100}
    watch/send_read watch/one_thread/{1,10,100}
    decorate/{breaker,chain,rate_limit{,_by,_std},retry}
    decorate/single_flight/{alone,herd} decorate/cache/{hit,miss,miss_in_flight}
    guard/{close,reaped} stack/close shield/ready tracker/{track,wait}
    context/{child,cancel_1,cancel_1000,cancel_1000_children,is_cancelled}
)
for group in "${groups[@]}"; do
    echo "$group"
    for who in selvedge tokio tokio-util async-lock mea maitake event-listener futures oneshot async-broadcast async-channel kanal\* flume flume\* crossfire thingbuf tower governor backon failsafe singleflight-async async_singleflight moka quick_cache piper futures\* 'std floor*' 'fence + load*' loop\*; do
        few=$(count "$group" "$who" 10000)
        many=$(count "$group" "$who" 20000)
        [ "$((many - few))" -lt 10000 ] || printf '  %-12s %6s\n' "$who" "$(((many - few) / 10000))"
    done
done
echo "The row 'loop' is in each of the others: what is measured with is part of what is measured."
