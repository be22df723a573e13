/* Texts read, changed, compared and written again, numbers included; patches of one into another. */
#include "json.h"
#include <cJSON.h>
#include <cJSON_Utils.h>

static void note_text(char *text)
{
    note(text == NULL);
    if (text != NULL)
        note_bytes(text, strlen(text));
    cJSON_free(text);
}

static void note_items(const cJSON *item)
{
    for (; item != NULL; item = item->next) {
        note((uint64_t)item->type + (item->string == NULL ? 0 : strlen(item->string) * 4096));
        if (cJSON_IsNumber(item)) {
            note_double(item->valuedouble);
            note((uint64_t)item->valueint);
        }
        if (cJSON_IsString(item))
            note_bytes(item->valuestring, strlen(item->valuestring));
        note_items(item->child);
    }
}

static cJSON *read_text(void)
{
    const char *end = NULL;
    cJSON *root;
    make_json();
    root = cJSON_ParseWithLengthOpts((const char *)input, input_size + 1, &end, (int)draw(2));
    note(end == NULL ? 9999 : (uint64_t)((const unsigned char *)end - input));
    note(root == NULL);
    note_items(root);
    return root;
}

static void one(void)
{
    cJSON *first = read_text(), *second = read_text(), *patches;
    static char small[200];
    double number;
    int room;
    if (first != NULL) {
        note_text(cJSON_Print(first));
        note((uint64_t)cJSON_PrintPreallocated(first, small, sizeof small, (int)draw(2)));
    }
    if (first != NULL && second != NULL) {
        note((uint64_t)cJSON_Compare(first, second, 1));
        patches = cJSONUtils_GeneratePatchesCaseSensitive(first, second);
        note_text(cJSON_PrintUnformatted(patches));
        note((uint64_t)cJSONUtils_ApplyPatchesCaseSensitive(first, patches));
        note_text(cJSON_PrintUnformatted(first));
        cJSON_Delete(patches);
    }
    number = (double)draw(1000000);
    number /= (double)(1 + draw(1000));
    if (cJSON_IsArray(first))
        cJSON_AddItemToArray(first, cJSON_CreateNumber(number));
    if (cJSON_IsObject(first)) {
        cJSON_AddNumberToObject(first, "added", (double)(int64_t)draw(UINT64_MAX) * 1e-9);
        cJSONUtils_SortObjectCaseSensitive(first);
    }
    room = 1 + (int)draw(99);
    if (first != NULL)
        note_text(cJSON_PrintBuffered(first, room, (int)draw(2)));
    cJSON_Delete(first);
    cJSON_Delete(second);
}
