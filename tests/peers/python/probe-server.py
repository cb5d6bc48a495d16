"""Serves the probe. Prints "ready PORT", "cancelled METHOD"; ends at "stop" (streams are cut) on stdin."""
import sys
import threading
from concurrent import futures

import grpc

from probe import OPTIONS, SERVICE, SETTINGS, Answer, Ask, plain, read

CODES = {code.value[0]: code for code in grpc.StatusCode}


def enter(context, method):
    """Echoes metadata into the trailers and watches for cancellation; returns what is set when the call is over."""
    over = threading.Event()
    done = []

    def ended():
        over.set()
        if not done:
            print("cancelled", method, flush=True)

    context.add_callback(ended)
    context.set_trailing_metadata([(n, v) for n, v in context.invocation_metadata() if n.startswith("echo-")])
    return over, done


def answer(context, ask, index):
    remaining = context.time_remaining()
    return Answer(text=ask.text, payload=bytes(ask.answer_bytes), index=index, received_bytes=len(ask.payload),
                  metadata=plain(context.invocation_metadata()), had_deadline=remaining is not None and remaining < 1e9)


def play(context, ask, over, done):
    if ask.hang:
        over.wait()
    if ask.fail_with:
        done.append(True)
        context.abort(CODES[ask.fail_with], ask.text)


def unary(ask, context):
    over, done = enter(context, "Unary")
    play(context, ask, over, done)
    done.append(True)
    return answer(context, ask, 0)


def server_stream(ask, context):
    over, done = enter(context, "ServerStream")
    index = 0
    while (ask.answers < 0 or index < ask.answers) and not over.is_set():
        yield answer(context, ask, index)
        index += 1
    play(context, ask, over, done)
    done.append(True)


def client_stream(asks, context):
    over, done = enter(context, "ClientStream")
    text, received, count = "", 0, 0
    for ask in asks:
        play(context, ask, over, done)
        text += ask.text
        received += len(ask.payload)
        count += 1
    done.append(True)
    return Answer(text=text, received_bytes=received, index=count, metadata=plain(context.invocation_metadata()))


def duplex(asks, context):
    over, done = enter(context, "Duplex")
    for index, ask in enumerate(asks):
        play(context, ask, over, done)
        yield answer(context, ask, index)
    done.append(True)


def handler(make, function):
    return make(function, request_deserializer=Ask.FromString, response_serializer=Answer.SerializeToString)


compression = {"gzip": grpc.Compression.Gzip}.get(SETTINGS.get("compression"))
server = grpc.server(futures.ThreadPoolExecutor(8), options=OPTIONS, compression=compression)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {
    "Unary": handler(grpc.unary_unary_rpc_method_handler, unary),
    "ServerStream": handler(grpc.unary_stream_rpc_method_handler, server_stream),
    "ClientStream": handler(grpc.stream_unary_rpc_method_handler, client_stream),
    "Duplex": handler(grpc.stream_stream_rpc_method_handler, duplex),
})])
if "cert" in SETTINGS:
    credentials = grpc.ssl_server_credentials([(read(SETTINGS["key"]), read(SETTINGS["cert"]))])
    port = server.add_secure_port(SETTINGS["address"], credentials)
else:
    port = server.add_insecure_port(SETTINGS["address"])
server.start()
print("ready", port, flush=True)

for line in sys.stdin:
    if line.strip() == "stop":
        server.stop(grace=0).wait()
        print("stopped", flush=True)
        break
