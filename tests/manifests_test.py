#!/usr/bin/env python3
"""Checks deploy/kubernetes and deploy/compose.yaml without a cluster.

Every object is validated against the strict API schemas of several Kubernetes releases (misspelt
fields are errors); then what no schema knows: that names, ports, selectors, volumes, images and the
program's own flags fit together. usage: manifests_test.py [--binary GRISTMILL] [unittest arguments]
"""

import copy
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import kubernetes_validate
import yaml

from kustomize_subset import containers, pod_template, render

ROOT = pathlib.Path(__file__).resolve().parent.parent
KUBERNETES = ROOT / "deploy" / "kubernetes"
RELEASES = ("1.29", "1.31", "1.33", "1.35", "1.37")  # gRPC probes are stable since 1.27
BINARY = None


def name_of(item):
    return f"{item['kind']}/{item['metadata']['name']}"


def everything():
    return render(KUBERNETES / "base") + render(KUBERNETES / "job")


def workloads():
    return [item for item in everything() if pod_template(item)]


def of_kind(kind):
    return [item for item in everything() if item["kind"] == kind]


def matches(selector, labels):
    """Whether a LabelSelector with matchLabels and In-expressions selects these labels."""
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", expression
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items())


def component(name):
    """The pod template's labels and spec of the workload of that component."""
    for item in workloads():
        template = pod_template(item)
        if template["metadata"]["labels"]["app.kubernetes.io/component"] == name:
            return template["metadata"]["labels"], template["spec"]
    raise AssertionError(f"no workload is labelled as component {name}")


def flags(arguments):
    return [a.split("=")[0] for a in arguments if a.startswith("--")]


def flag_value(arguments, flag):
    for position, argument in enumerate(arguments):
        if argument.startswith(flag + "="):
            return argument.split("=", 1)[1]
        if argument == flag:
            return arguments[position + 1]
    raise AssertionError(f"{flag} is not among {arguments}")


def seconds(duration):
    return int(re.fullmatch(r"(\d+)s", duration)[1])


class Schema(unittest.TestCase):
    def test_every_object_is_valid_in_every_release(self):
        for release in RELEASES:
            for item in everything():
                with self.subTest(release=release, object=name_of(item)):
                    kubernetes_validate.validate(item, release, strict=True)

    def test_a_misspelt_field_a_wrong_type_and_a_missing_field_are_refused(self):
        def misspell(spec):
            spec["terminationGracePeriodSecond"] = spec.pop("terminationGracePeriodSeconds")

        def mistype(spec):
            spec["containers"][0]["ports"][0]["containerPort"] = "7071"

        def forget(spec):
            del spec["containers"][0]["name"]

        worker = next(item for item in workloads() if item["kind"] == "Deployment")
        for release in RELEASES:
            for spoil in (misspell, mistype, forget):
                with self.subTest(release=release, spoil=spoil.__name__):
                    spoilt = copy.deepcopy(worker)
                    spoil(spoilt["spec"]["template"]["spec"])
                    with self.assertRaises(kubernetes_validate.ValidationError):
                        kubernetes_validate.validate(spoilt, release, strict=True)

    @unittest.skipUnless(shutil.which("kubectl"), "kubectl is not installed")
    def test_kubectl_renders_the_same_objects(self):
        for folder in ("base", "job"):
            printed = subprocess.run(["kubectl", "kustomize", str(KUBERNETES / folder)], check=True,
                                     capture_output=True, text=True, timeout=60).stdout
            theirs = {name_of(item): item for item in yaml.safe_load_all(printed)}
            ours = {name_of(item): item for item in render(KUBERNETES / folder)}
            self.maxDiff = None
            self.assertEqual(ours, theirs)


class Security(unittest.TestCase):
    def test_pods_meet_the_restricted_standard(self):
        for item in workloads():
            spec = pod_template(item)["spec"]
            with self.subTest(object=name_of(item)):
                context = spec["securityContext"]
                self.assertIs(context["runAsNonRoot"], True)
                self.assertGreater(context["runAsUser"], 0)
                self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
                self.assertIs(spec["automountServiceAccountToken"], False)
                self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & set(spec))

    def test_containers_can_change_nothing_but_their_volumes(self):
        for item in workloads():
            for container in containers(item):
                with self.subTest(object=name_of(item), container=container["name"]):
                    self.assertEqual(container["securityContext"],
                                     {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                      "capabilities": {"drop": ["ALL"]}})

    def test_containers_say_what_they_need_and_how_much_memory_they_may_take(self):
        for item in workloads():
            for container in containers(item):
                with self.subTest(object=name_of(item), container=container["name"]):
                    self.assertLessEqual({"cpu", "memory"}, set(container["resources"]["requests"]))
                    self.assertIn("memory", container["resources"]["limits"])

    def test_the_image_runs_as_the_user_of_the_manifests(self):
        user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "deploy/Dockerfile").read_text(), re.M)
        for item in workloads():
            context = pod_template(item)["spec"]["securityContext"]
            self.assertEqual((str(context["runAsUser"]), str(context["runAsGroup"])), user.groups())


class Wiring(unittest.TestCase):
    def test_selectors_select_the_pods_of_their_workload(self):
        for item in workloads():
            selector = item["spec"].get("selector")
            if selector:
                self.assertTrue(matches(selector, pod_template(item)["metadata"]["labels"]), name_of(item))
        for budget in of_kind("PodDisruptionBudget"):
            self.assertTrue(matches(budget["spec"]["selector"], component("worker")[0]))

    def test_the_service_leads_to_the_coordinators_port(self):
        (service,) = of_kind("Service")
        labels, spec = component("coordinator")
        self.assertTrue(matches({"matchLabels": service["spec"]["selector"]}, labels))
        names = {port["name"]: port["containerPort"] for port in spec["containers"][0]["ports"]}
        (port,) = service["spec"]["ports"]
        self.assertEqual(names[port["targetPort"]], port["port"])
        address = f"{service['metadata']['name']}:{port['port']}"
        worker = component("worker")[1]["containers"][0]
        self.assertEqual(flag_value(worker["args"], "--coordinator"), address)
        client = component("client")[1]["containers"][0]
        self.assertEqual(client["env"], [{"name": "GRISTMILL_COORDINATOR", "value": address}])

    def test_programs_listen_where_ports_and_probes_say(self):
        for name in ("coordinator", "worker"):
            container = component(name)[1]["containers"][0]
            (port,) = container["ports"]
            listen = flag_value(container["args"], "--listen")
            self.assertEqual(int(listen.rsplit(":", 1)[1]), port["containerPort"])
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                probe = container[kind].get("grpc") or container[kind]["tcpSocket"]
                self.assertIn(probe["port"], (port["name"], port["containerPort"]), f"{name} {kind}")

    def test_every_mount_has_its_volume_and_every_path_its_mount(self):
        claims = {item["metadata"]["name"] for item in of_kind("PersistentVolumeClaim")}
        for item in workloads():
            spec = pod_template(item)["spec"]
            volumes = {v["name"] for v in spec["volumes"]}
            volumes |= {c["metadata"]["name"] for c in item["spec"].get("volumeClaimTemplates", [])}
            for volume in spec["volumes"]:
                if "persistentVolumeClaim" in volume:
                    self.assertIn(volume["persistentVolumeClaim"]["claimName"], claims)
            for container in containers(item):
                mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
                self.assertLessEqual(set(mounts.values()), volumes, name_of(item))
                self.assertEqual(mounts["/data"], "data")
                for flag in ("--journal", "--dir", "--input", "--output"):
                    if flag in flags(container.get("args", [])):
                        path = flag_value(container["args"], flag)
                        self.assertTrue(any(path == m or path.startswith(m + "/") for m in mounts), path)

    def test_all_containers_run_one_image(self):
        self.assertEqual(len({c["image"] for item in workloads() for c in containers(item)}), 1)

    def test_a_worker_has_time_to_drain(self):
        _, spec = component("worker")
        drain = seconds(flag_value(spec["containers"][0]["args"], "--drain-deadline"))
        self.assertGreater(spec["terminationGracePeriodSeconds"], drain)

    def test_a_worker_is_reached_at_its_pods_address(self):
        container = component("worker")[1]["containers"][0]
        self.assertEqual(flag_value(container["args"], "--advertise"), "$(POD_IP)")
        self.assertEqual(container["env"],
                         [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}])


class Network(unittest.TestCase):
    """Which component may open a connection to which port of which, by the policies together."""

    def allowed(self, source, target, port):
        def admits(direction, peers_field, labels, other):
            selecting = [p["spec"] for p in of_kind("NetworkPolicy")
                         if direction in p["spec"]["policyTypes"] and matches(p["spec"]["podSelector"], labels)]
            self.assertTrue(selecting, "the default deny selects every pod")
            return any(port in [p["port"] for p in rule["ports"]] and
                       any(matches(peer["podSelector"], other) for peer in rule[peers_field]
                           if "podSelector" in peer)
                       for spec in selecting for rule in spec.get(direction.lower(), []))

        source, target = component(source)[0], component(target)[0]
        return (admits("Egress", "to", source, target) and admits("Ingress", "from", target, source))

    def test_exactly_the_connections_of_the_architecture_are_open(self):
        parts = ("coordinator", "worker", "client")
        opened = {(a, b, port) for a in parts for b in parts for port in (7070, 7071)
                  if self.allowed(a, b, port)}
        self.assertEqual(opened, {("worker", "coordinator", 7070), ("client", "coordinator", 7070),
                                  ("worker", "worker", 7071)})

    def test_callers_can_resolve_names(self):
        (callers,) = [p for p in of_kind("NetworkPolicy") if p["metadata"]["name"].endswith("callers")]
        dns = callers["spec"]["egress"][1]
        self.assertEqual({(p["port"], p["protocol"]) for p in dns["ports"]}, {(53, "UDP"), (53, "TCP")})
        for name in ("worker", "client"):
            self.assertTrue(matches(callers["spec"]["podSelector"], component(name)[0]))


class Compose(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
        self.services = self.compose["services"]

    def test_a_coordinator_and_two_workers_start_without_a_profile(self):
        started = {n for n, s in self.services.items() if "profiles" not in s}
        self.assertEqual(started, {"coordinator", "worker-1", "worker-2"})

    def test_volumes_are_declared_and_all_roles_share_the_data(self):
        for name, service in self.services.items():
            sources = [v.split(":")[0] for v in service["volumes"]]
            self.assertLessEqual(set(sources), set(self.compose["volumes"]), name)
            self.assertIn("data:/data", service["volumes"], name)

    def test_spill_directories_are_not_shared(self):
        spills = [v for s in self.services.values() for v in s["volumes"] if v.endswith(":/spill")]
        self.assertEqual(len(set(spills)), 2)

    def test_a_worker_has_time_to_drain(self):
        for name in ("worker-1", "worker-2"):
            service = self.services[name]
            self.assertGreater(seconds(service["stop_grace_period"]),
                               seconds(flag_value(service["command"], "--drain-deadline")))

    def test_what_starts_with_the_cluster_has_a_healthcheck(self):
        for name, service in self.services.items():
            self.assertEqual("healthcheck" in service, "profiles" not in service, name)


@unittest.skipUnless("--binary" in sys.argv, "no --binary given")
class CommandLine(unittest.TestCase):
    def test_the_program_knows_every_flag_of_the_manifests(self):
        commands = [c["args"] for item in workloads() for c in containers(item) if "args" in c]
        compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
        commands += [s["command"] for s in compose["services"].values() if "command" in s]
        for command in commands:
            shown = subprocess.run([BINARY, command[0], "--help"], check=True, capture_output=True,
                                   text=True, timeout=30).stdout
            for flag in flags(command):
                self.assertRegex(shown, re.escape(flag) + r"\b", f"gristmill {command[0]} --help")


if __name__ == "__main__":
    if "--binary" in sys.argv:
        position = sys.argv.index("--binary")
        BINARY = sys.argv[position + 1]
        del sys.argv[position:position + 2]
    unittest.main()
