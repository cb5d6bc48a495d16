"""Acts as the device-plugin half of a kubelet 1.36, with pod-resources and plugins_registry; the same lines and commands as grpc-js/kubelet.mjs.

    kubelet.py --root DIR

The contract is written here a second time, from its field numbers, so that an error in our own .proto file shows.
"""
import json
import os
import re
import stat
import sys
import threading
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

FOLDER = os.path.join(sys.argv[sys.argv.index("--root") + 1], "device-plugins")
KUBELET_SOCKET = os.path.join(FOLDER, "kubelet.sock")
POD_RESOURCES_SOCKET = os.path.join(os.path.dirname(FOLDER), "pod-resources", "kubelet.sock")
REGISTRY = os.path.join(os.path.dirname(FOLDER), "plugins_registry")

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
POD_CONTRACT = {
    "AllocatableResourcesRequest": [],
    "AllocatableResourcesResponse": [("devices", 1, "ContainerDevices*"), ("cpu_ids", 2, "int64*")],
    "ListPodResourcesRequest": [],
    "ListPodResourcesResponse": [("pod_resources", 1, "PodResources*")],
    "GetPodResourcesRequest": [("pod_name", 1, "string"), ("pod_namespace", 2, "string")],
    "GetPodResourcesResponse": [("pod_resources", 1, "PodResources")],
    "PodResources": [("name", 1, "string"), ("namespace", 2, "string"), ("containers", 3, "ContainerResources*")],
    "ContainerResources": [("name", 1, "string"), ("devices", 2, "ContainerDevices*"), ("cpu_ids", 3, "int64*"), ("dynamic_resources", 5, "DynamicResource*")],
    "ContainerDevices": [("resource_name", 1, "string"), ("device_ids", 2, "string*")],
    "DynamicResource": [("claim_name", 2, "string"), ("claim_namespace", 3, "string")],
}
REGISTRY_CONTRACT = {
    "InfoRequest": [],
    "PluginInfo": [("type", 1, "string"), ("name", 2, "string"), ("endpoint", 3, "string"), ("supported_versions", 4, "string*")],
    "RegistrationStatus": [("plugin_registered", 1, "bool"), ("error", 2, "string")],
    "RegistrationStatusResponse": [],
}


def messages(package, contract):
    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {"string": kinds.TYPE_STRING, "bool": kinds.TYPE_BOOL, "int32": kinds.TYPE_INT32, "int64": kinds.TYPE_INT64}
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in contract.items():
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
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".{package}.{name}.{entry_name}"
            elif plain in scalars:
                added.type = scalars[plain]
            else:
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".{package}.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName(f"{package}.{name}")) for name in contract}


TYPES = messages("v1beta1", CONTRACT)
PODS = messages("v1", POD_CONTRACT)
REGISTRATION = messages("pluginregistration", REGISTRY_CONTRACT)
OUTPUT = threading.Lock()


def say(event, **rest):
    with OUTPUT:
        print(json.dumps({"event": event, **rest}, separators=(",", ":")), flush=True)


def plain(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True, including_default_value_fields=True)


class Plugin:
    """The kubelet's client of one registered endpoint."""

    def __init__(self, endpoint, folder=FOLDER):
        self.endpoint = endpoint
        self.channel = grpc.insecure_channel(f"unix:{os.path.join(folder, endpoint)}", options=[("grpc.default_authority", "localhost")])

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
        self.hangs_options = False
        self.late_ends = 0
        self.pod_server = None
        self.pod_mode = "ok"
        self.pods = []
        self.allocatable = None
        self.healthy = {}  # resource -> ids, of the last list on any stream
        self.registry = {}  # socket in plugins_registry -> resource
        self.registry_refusal = None
        self.hangs_notify = False
        self.life = 0  # which kubelet this is: each restart is another one

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
        self.listen_pod_resources()
        say("listening")

    def listen_pod_resources(self):
        if os.path.lexists(POD_RESOURCES_SOCKET):
            os.remove(POD_RESOURCES_SOCKET)
        if self.pod_mode == "off":
            return
        os.makedirs(os.path.dirname(POD_RESOURCES_SOCKET), exist_ok=True)
        self.pod_server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
        self.pod_server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("v1.PodResourcesLister", {
            name: grpc.unary_unary_rpc_method_handler(
                lambda request, context, name=name, make=make: self.pod_resources(name, make, request, context),
                request_deserializer=PODS[asked].FromString, response_serializer=PODS[answer].SerializeToString)
            for name, make, asked, answer in (
                ("List", self.list_pods, "ListPodResourcesRequest", "ListPodResourcesResponse"),
                ("GetAllocatableResources", self.get_allocatable, "AllocatableResourcesRequest", "AllocatableResourcesResponse"),
                ("Get", self.get_pod, "GetPodResourcesRequest", "GetPodResourcesResponse"))}),))
        if self.pod_server.add_insecure_port(f"unix:{POD_RESOURCES_SOCKET}") == 0:
            raise OSError(f"cannot listen on {POD_RESOURCES_SOCKET}")
        self.pod_server.start()

    def pod_resources(self, name, make, request, context):
        say("podResourcesAsked", call=name, mode=self.pod_mode)
        if self.pod_mode == "hang":
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait()
        if self.pod_mode == "exhausted":
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "rejected by rate limit")
        if self.pod_mode == "unimplemented":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "not in this kubelet")
        return make(request, context)

    @staticmethod
    def pod_of(pod):
        message = PODS["PodResources"](name=pod["name"], namespace=pod["namespace"])
        for container in pod["containers"]:
            added = message.containers.add(name=container["name"])
            for devices in container.get("devices", []):
                for device in devices["ids"]:  # one entry for each device, as the kubelet does
                    added.devices.add(resource_name=devices["resource"], device_ids=[device])
            for _ in range(container.get("claims", 0)):
                added.dynamic_resources.add(claim_name="claim", claim_namespace=pod["namespace"])
        return message

    def list_pods(self, _, __):
        pods = [self.pod_of(pod) for pod in self.pods]
        if self.pod_mode == "large":
            pods += [PODS["PodResources"](namespace="large", name=f"pod-{index}-{'x' * 1000}") for index in range(6000)]
        return PODS["ListPodResourcesResponse"](pod_resources=pods)

    def get_allocatable(self, _, __):
        answer = PODS["AllocatableResourcesResponse"]()
        with self.lock:
            known = dict(self.healthy) if self.allocatable is None else self.allocatable
        for resource, ids in known.items():
            for device in ids:
                answer.devices.add(resource_name=resource, device_ids=[device])
        return answer

    def get_pod(self, request, context):
        for pod in self.pods:
            if (pod["namespace"], pod["name"]) == (request.pod_namespace, request.pod_name):
                return PODS["GetPodResourcesResponse"](pod_resources=self.pod_of(pod))
        context.abort(grpc.StatusCode.NOT_FOUND, f"pod {request.pod_namespace}/{request.pod_name} not found")

    def watch_registry(self):
        """A socket that is known is not asked again, whatever its stream does."""
        while True:
            time.sleep(0.1)
            if not self.server:
                continue
            try:
                names = [entry.name for entry in os.scandir(REGISTRY) if stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode) and entry.name[0] != "."]
            except FileNotFoundError:
                names = []  # no folder, or a socket that went meanwhile
            for name in [name for name in self.registry if name not in names]:
                resource = self.registry.pop(name)
                if resource is None:
                    continue
                say("deregistered", resource=resource, endpoint=name)
                with self.lock:
                    holder = self.holders.get(resource)
                    if holder and holder.endpoint == name:
                        del self.holders[resource]
                        holder.channel.close()
            for name in [name for name in names if name not in self.registry]:
                self.registry[name] = None
                threading.Thread(target=self.adopt, args=(name,), daemon=True).start()

    def adopt(self, name):
        plugin, life = Plugin(name, REGISTRY), self.life

        def ask(method, request, answer, timeout):
            return plugin.channel.unary_unary(
                f"/pluginregistration.Registration/{method}", request_serializer=type(request).SerializeToString,
                response_deserializer=REGISTRATION[answer].FromString)(request, timeout=timeout)

        try:
            info = ask("GetInfo", REGISTRATION["InfoRequest"](), "PluginInfo", 1)
        except grpc.RpcError as fault:
            self.registry.pop(name, None)
            return say("failed", why=f"no info from {name}: {fault}")
        resource = info.name
        say("info", resource=resource, endpoint=name, info=plain(info))
        good = not self.registry_refusal and info.type == "DevicePlugin" and "v1beta1" in info.supported_versions
        if good:
            options = plugin.call("GetDevicePluginOptions", "Empty", "DevicePluginOptions")(TYPES["Empty"]())
            with self.lock:
                if life != self.life:
                    return None  # asked by a kubelet that has ended meanwhile
                self.registry[name] = resource
                self.holders[resource] = plugin
            say("registered", resource=resource, endpoint=name, options=plain(options))
            threading.Thread(target=self.watch, args=(resource, plugin), daemon=True).start()
        if self.hangs_notify:
            return None
        status = REGISTRATION["RegistrationStatus"](plugin_registered=good, error="" if good else self.registry_refusal or "not a device plugin of v1beta1")
        try:
            ask("NotifyRegistrationStatus", status, "RegistrationStatusResponse", 5)
        except grpc.RpcError:
            return say("notified", resource=resource, endpoint=name, registered=good, ok=False)
        return say("notified", resource=resource, endpoint=name, registered=good, ok=True)

    def die(self):
        if self.server:
            self.server.stop(None).wait()
            self.server = None
        if self.pod_server:
            self.pod_server.stop(None).wait()
            self.pod_server = None
        with self.lock:
            self.life += 1
            self.registry.clear()
            streams, holders = list(self.streams), list(self.holders.values())
            self.streams.clear()
            self.holders.clear()
            self.healthy.clear()
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
            if self.hangs_options:
                say("dialled", resource=resource, endpoint=endpoint)
                gone = threading.Event()
                context.add_callback(gone.set)
                gone.wait()
                return TYPES["Empty"]()
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
                with self.lock:
                    self.healthy[resource] = [device.ID for device in message.devices if device.health == "Healthy"]
                say("list", resource=resource, endpoint=plugin.endpoint, devices=[
                    {"id": device.ID, "health": device.health,
                     "numa": [node.ID for node in device.topology.nodes] if device.HasField("topology") else None}
                    for device in message.devices])
        except grpc.RpcError as fault:
            code, details = fault.code().value[0], fault.details()
        with self.lock:
            self.streams.discard(stream)
        time.sleep(self.late_ends / 1000)
        with self.lock:
            holder = self.holders.pop(resource, None)  # by name, whoever that is now
            self.healthy[resource] = []
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
        """Calls on a plugin are made on a thread of their own: they may wait."""
        if {"allocate", "allocateContainers", "preferred", "preStart"} & command.keys():
            threading.Thread(target=self.call, args=(command,), daemon=True).start()
        for key, name in (("hangOptions", "hangs_options"), ("refuseRegistry", "registry_refusal"), ("hangNotify", "hangs_notify"), ("lateEnds", "late_ends"),
                          ("pods", "pods"), ("allocatable", "allocatable"), ("podResources", "pod_mode"), ("refuse", "refusal"), ("hangRegister", "hangs")):
            if key in command:
                setattr(self, name, command[key])
        if command.get("closeStreams"):
            with self.lock:
                streams = list(self.streams)
            for stream in streams:
                stream.cancel()
        if command.get("kill") or command.get("restart"):
            self.die()
        if command.get("restart"):
            self.listen()

    def call(self, command):
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


kubelet = Kubelet()
kubelet.listen()
threading.Thread(target=kubelet.watch_registry, daemon=True).start()
for line in sys.stdin:
    kubelet.obey(json.loads(line))
kubelet.die()
os._exit(0)  # threads of a hung Register do not hold it up
