/** The Python module that defines the tasks and, run as a program, enqueues what its standard input asks for. */
export const CELERY_PROGRAM = `
import json, os, sys, time
from celery import Celery

url, name = os.environ['BENCH_PEERS_URL'], os.environ['BENCH_PEERS_NAMESPACE']
app = Celery('celery_program', broker=url, backend=url)
app.conf.update(
    broker_transport_options={'global_keyprefix': name + ':'},
    result_backend_transport_options={'global_keyprefix': name + ':'},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=64,
    broker_connection_retry_on_startup=True,
)

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def log(path, line):
    with open(path, 'a') as file:
        file.write(line + '\\n')

def step(of):
    victim = 'BENCH_PEERS_VICTIM' in os.environ
    if of['holds'] and victim:
        log(of['log'], 'held %d' % of['number'])
        while True:
            time.sleep(60)
    time.sleep(of['ms'] / 1000)
    log(of['log'], '%s %d' % ('victim' if victim else 'survivor', of['number']))

@app.task(name='run')
def run(task, argument):
    if task == 'fib':
        return fib(argument)
    if task == 'step':
        step(argument)

def left(redis):
    return redis.llen(name + ':celery') + redis.hlen(name + ':unacked')

def drained(redis, results):
    # A message is for a moment neither waiting nor noted as taken.
    empty = 0
    while empty < 2:
        empty = empty + 1 if left(redis) == 0 else 0
        time.sleep(0.005)
    if redis.dbsize() < results:
        raise RuntimeError('%d keys for %d results' % (redis.dbsize(), results))

if __name__ == '__main__':
    import redis as driver
    redis = driver.Redis.from_url(url)
    before = redis.dbsize()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {}
        try:
            if asked['op'] == 'enqueue':
                run.delay(asked['task'], asked['argument'])
            elif asked['op'] == 'round-trip':
                run.delay('noop', None).get(timeout=20, interval=0.005)
            elif asked['op'] == 'ended':
                # Besides results there are the queue, what is not acknowledged yet, and the bindings: a handful.
                answer = {'ended': max(0, redis.dbsize() - before - 5)}
            else:
                drained(redis, before + asked['n'])
        except Exception as error:
            answer = {'failed': '%s: %s' % (type(error).__name__, error)}
        print(json.dumps(answer), flush=True)
`
