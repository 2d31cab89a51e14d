// slatool: checks, reports, explains.
int main() { return 0; }
