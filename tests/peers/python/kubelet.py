"""Acts as the device-plugin half of a kubelet 1.36; the same lines and commands as grpc-js/kubelet.mjs.

    kubelet.py --root DIR

The contract is written here a second time, from its field numbers, so that an error in our own .proto file shows.
"""
import json
import os
import re
import stat
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

FOLDER = os.path.join(sys.argv[sys.argv.index("--root") + 1], "device-plugins")
KUBELET_SOCKET = os.path.join(FOLDER, "kubelet.sock")

# message -> fields as (name, number, type); "*" repeated, "{}" map of string to string, upper case first: a message
CONTRACT = {
    "Empty": [],
    "DevicePluginOptions": [("pre_start_required", 1, "bool"), ("get_preferred_allocation_available", 2, "bool")],
    "RegisterRequest": [("version", 1, "string"), ("endpoint", 2, "string"), ("resource_name", 3, "string"), ("options", 4, "DevicePluginOptions")],
    "ListAndWatchResponse": [("devices", 1, "Device*")],
    "Device": [("ID", 1, "string"), ("health", 2, "string"), ("topology", 3, "TopologyInfo")],
    "TopologyInfo": [("nodes", 1, "NUMANode*")],
    "NUMANode": [("ID", 1, "int64")],
    "PreferredAllocationRequest": [("container_requests", 1, "ContainerPreferredAllocationRequest*")],
    "ContainerPreferredAllocationRequest": [("available_deviceIDs", 1, "string*"), ("must_include_deviceIDs", 2, "string*"), ("allocation_size", 3, "int32")],
    "PreferredAllocationResponse": [("container_responses", 1, "ContainerPreferredAllocationResponse*")],
    "ContainerPreferredAllocationResponse": [("deviceIDs", 1, "string*")],
    "AllocateRequest": [("container_requests", 1, "ContainerAllocateRequest*")],
    "ContainerAllocateRequest": [("devices_ids", 1, "string*")],
    "AllocateResponse": [("container_responses", 1, "ContainerAllocateResponse*")],
    "ContainerAllocateResponse": [("envs", 1, "{}"), ("mounts", 2, "Mount*"), ("devices", 3, "DeviceSpec*"), ("annotations", 4, "{}"), ("cdi_devices", 5, "CDIDevice*")],
    "Mount": [("container_path", 1, "string"), ("host_path", 2, "string"), ("read_only", 3, "bool")],
    "DeviceSpec": [("container_path", 1, "string"), ("host_path", 2, "string"), ("permissions", 3, "string")],
    "CDIDevice": [("name", 1, "string")],
    "PreStartContainerRequest": [("devices_ids", 1, "string*")],
    "PreStartContainerResponse": [],
}


def messages():
    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {"string": kinds.TYPE_STRING, "bool": kinds.TYPE_BOOL, "int32": kinds.TYPE_INT32, "int64": kinds.TYPE_INT64}
    file = descriptor_pb2.FileDescriptorProto(name="kubelet.proto", package="v1beta1", syntax="proto3")
    for name, fields in CONTRACT.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            plain = kind.rstrip("*")
            added = message.field.add(name=field, number=number, label=kinds.LABEL_REPEATED if kind != plain or kind == "{}" else kinds.LABEL_OPTIONAL)
            if kind == "{}":
                entry_name = field.title().replace("_", "") + "Entry"
                entry = message.nested_type.add(name=entry_name)
                entry.options.map_entry = True
                for key, key_number in (("key", 1), ("value", 2)):
                    entry.field.add(name=key, number=key_number, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".v1beta1.{name}.{entry_name}"
            elif plain in scalars:
                added.type = scalars[plain]
            else:
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".v1beta1.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName(f"v1beta1.{name}")) for name in CONTRACT}


TYPES = messages()
OUTPUT = threading.Lock()


def say(event, **rest):
    with OUTPUT:
        print(json.dumps({"event": event, **rest}, separators=(",", ":")), flush=True)


def plain(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True, including_default_value_fields=True)


class Plugin:
    """The kubelet's client of one registered endpoint."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.channel = grpc.insecure_channel(f"unix:{os.path.join(FOLDER, endpoint)}", options=[("grpc.default_authority", "localhost")])

    def call(self, method, request, answer, stream=False):
        make = self.channel.unary_stream if stream else self.channel.unary_unary
        return make(f"/v1beta1.DevicePlugin/{method}", request_serializer=TYPES[request].SerializeToString, response_deserializer=TYPES[answer].FromString)


class Kubelet:
    def __init__(self):
        self.lock = threading.Lock()
        self.holders = {}  # resource -> Plugin: who holds the name
        self.streams = set()  # every open ListAndWatch, also of a holder that was replaced
        self.server = None
        self.refusal = None
        self.hangs = False

    def listen(self):
        os.makedirs(FOLDER, mode=0o750, exist_ok=True)
        for name in os.listdir(FOLDER):
            path = os.path.join(FOLDER, name)
            try:
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    os.remove(path)
            except FileNotFoundError:
                pass  # its owner was quicker
        handler = grpc.unary_unary_rpc_method_handler(
            self.register, request_deserializer=TYPES["RegisterRequest"].FromString, response_serializer=TYPES["Empty"].SerializeToString)
        self.server = grpc.server(futures.ThreadPoolExecutor(8))
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("v1beta1.Registration", {"Register": handler}),))
        if self.server.add_insecure_port(f"unix:{KUBELET_SOCKET}") == 0:
            raise OSError(f"cannot listen on {KUBELET_SOCKET}")
        self.server.start()
        say("listening")

    def die(self):
        if self.server:
            self.server.stop(None).wait()
            self.server = None
        with self.lock:
            streams, holders = list(self.streams), list(self.holders.values())
            self.streams.clear()
            self.holders.clear()
        for stream in streams:
            stream.cancel()
        for holder in holders:
            holder.channel.close()

    def register(self, request, context):
        resource, endpoint = request.resource_name, request.endpoint

        def refuse(why):
            say("refused", resource=resource, endpoint=endpoint, why=why)
            context.abort(grpc.StatusCode.UNKNOWN, why)

        say("asked", resource=resource, endpoint=endpoint)
        if self.hangs:
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait()
            return TYPES["Empty"]()
        if self.refusal:
            refuse(self.refusal)
        if request.version != "v1beta1":
            refuse(f"API version {request.version} is not v1beta1")
        if not re.fullmatch(r"[a-z0-9.-]{1,244}/[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", resource):
            refuse(f"{resource} is not the name of an extended resource")

        plugin = Plugin(endpoint)
        try:
            grpc.channel_ready_future(plugin.channel).result(timeout=10)
            options = plugin.call("GetDevicePluginOptions", "Empty", "DevicePluginOptions")(TYPES["Empty"]())
        except (grpc.RpcError, grpc.FutureTimeoutError) as fault:
            with self.lock:
                self.holders.pop(resource, None)
            refuse(f"cannot use {endpoint}: {fault}")
        with self.lock:
            self.holders[resource] = plugin
        say("registered", resource=resource, endpoint=endpoint, options=plain(options))
        threading.Thread(target=self.watch, args=(resource, plugin), daemon=True).start()
        return TYPES["Empty"]()

    def watch(self, resource, plugin):
        stream = plugin.call("ListAndWatch", "Empty", "ListAndWatchResponse", stream=True)(TYPES["Empty"]())
        with self.lock:
            self.streams.add(stream)
        code, details = 0, ""
        try:
            for message in stream:
                say("list", resource=resource, endpoint=plugin.endpoint, devices=[
                    {"id": device.ID, "health": device.health,
                     "numa": [node.ID for node in device.topology.nodes] if device.HasField("topology") else None}
                    for device in message.devices])
        except grpc.RpcError as fault:
            code, details = fault.code().value[0], fault.details()
        with self.lock:
            self.streams.discard(stream)
            holder = self.holders.pop(resource, None)  # by name, whoever that is now
        if holder:
            holder.channel.close()
        say("ended", resource=resource, endpoint=plugin.endpoint, code=code, details=details)

    def ask(self, event, resource, method, request, answer):
        with self.lock:
            plugin = self.holders.get(resource) if resource else next(iter(self.holders.values()), None)
        if plugin is None:
            return say("failed", why=f"nobody is registered for {resource or 'any resource'}")
        try:
            response = plugin.call(method, request.DESCRIPTOR.name, answer)(request)
        except grpc.RpcError as fault:
            return say(event, ok=False, code=fault.code().value[0], details=fault.details())
        say(event, ok=True, response=plain(response))

    def obey(self, command):
        resource = command.get("resource")
        if "allocate" in command or "allocateContainers" in command:
            request = TYPES["AllocateRequest"]()
            for ids in command.get("allocateContainers", [command.get("allocate")]):
                request.container_requests.add(devices_ids=ids)
            self.ask("allocated", resource, "Allocate", request, "AllocateResponse")
        if "preferred" in command:
            wanted = command["preferred"]
            strangers = [f"STRANGER-{index:031d}" for index in range(wanted.get("strangers", 0))]
            request = TYPES["PreferredAllocationRequest"]()
            request.container_requests.add(
                available_deviceIDs=wanted["available"] + strangers, must_include_deviceIDs=wanted.get("mustInclude", []), allocation_size=wanted["size"])
            self.ask("preferred", resource, "GetPreferredAllocation", request, "PreferredAllocationResponse")
        if "preStart" in command:
            self.ask("preStarted", resource, "PreStartContainer", TYPES["PreStartContainerRequest"](devices_ids=command["preStart"]), "PreStartContainerResponse")
        if "refuse" in command:
            self.refusal = command["refuse"]
        if "hangRegister" in command:
            self.hangs = command["hangRegister"]
        if command.get("closeStreams"):
            with self.lock:
                streams = list(self.streams)
            for stream in streams:
                stream.cancel()
        if command.get("kill") or command.get("restart"):
            self.die()
        if command.get("restart"):
            self.listen()


kubelet = Kubelet()
kubelet.listen()
for line in sys.stdin:
    kubelet.obey(json.loads(line))
kubelet.die()
os._exit(0)  # threads of a hung Register do not hold it up
