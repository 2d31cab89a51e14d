// sla_exporter: the daemon.
int main() { return 0; }
