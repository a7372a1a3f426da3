def main():
    record = {}
    for i in range(1, 1000001):
        record["key" + str(i)] = i
    print(len(record), record["key500000"])


main()
