def main():
    text = ""
    for i in range(1, 2000001):
        text += "line " + str(i)
    print(len(text))


main()
