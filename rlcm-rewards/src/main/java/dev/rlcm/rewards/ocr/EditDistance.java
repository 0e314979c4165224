package dev.rlcm.rewards.ocr;

/** How many code points have to be inserted, deleted or replaced to make one text the other (Levenshtein, 1966). */
final class EditDistance {
    private EditDistance() {}

    static int of(String left, String right) {
        int[] a = left.codePoints().toArray();
        int[] b = right.codePoints().toArray();
        int[] row = new int[b.length + 1]; // of the first i code points of a to the first j of b
        for (int j = 0; j <= b.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length; i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length; j++) {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length];
    }
}
